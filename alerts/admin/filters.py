"""The filters of the alert list; each of them is answered by an index."""

from collections.abc import Sequence

from django.contrib.admin import ModelAdmin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from alerts import lateness
from alerts.enums import FINAL, OPEN, UNACKNOWLEDGED
from alerts.models import Alert


class StateFilter(DropdownFilter):
    """Open, unacknowledged, late, held back, closed."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Sequence[tuple[str, str]]:
        """What can be asked for."""
        return [
            ("open", pgettext("alerts", "Open")),
            ("unacknowledged", gettext("Open, taken by nobody")),
            ("late", gettext("Late")),
            ("held", gettext("Open, held back")),
            ("closed", gettext("Closed")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        """The alerts in the chosen state now."""
        match self.value():
            case "open":
                return queryset.filter(status__in=OPEN)
            case "unacknowledged":
                return queryset.filter(status__in=UNACKNOWLEDGED)
            case "late":
                return queryset.filter(lateness.late(at=timezone.now()))
            case "held":
                return queryset.filter(~Q(suppressed_by=[]), status__in=OPEN)
            case "closed":
                return queryset.filter(status__in=FINAL)
        return queryset
