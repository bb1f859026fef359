"""Inhibitions: one alert that keeps others quiet. Saving and deleting go through the domain, which tells what they held."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display

from alerts import queries, silences
from alerts.admin.counting import counted
from alerts.admin.forms import LinesField
from alerts.admin.linting import LintedMixin
from alerts.admin.prefilled import PrefilledMixin
from alerts.admin.words import EXEMPT, ONE_A_LINE
from alerts.models import Inhibition
from alerts.models.suppression import check_label_names, check_matchers
from sentinel_site.lib.field_checks import FieldCheck, FieldChecksMixin
from sentinel_site.lib.lists import NoBulkDeleteMixin


class InhibitionForm(forms.ModelForm):
    """An inhibition; both sides must be readable."""

    source_matchers = LinesField(
        label=_("While an alert is open that matches"), required=True, validators=[check_matchers],
        help_text=_("One to a line, all must hold."),
    )  # fmt: skip
    target_matchers = LinesField(
        label=_("nobody is told about alerts that match"),
        required=True,
        validators=[check_matchers],
        help_text=format_lazy("{}{}", ONE_A_LINE, EXEMPT),
    )
    equal = LinesField(
        label=_("and agree with it in these labels"), validators=[check_label_names],
        help_text=_("One to a line, for example site. Empty: whatever they are. A label that both lack counts as equal."),
    )  # fmt: skip

    class Meta:
        model = Inhibition
        fields = ("name", "source_matchers", "target_matchers", "equal", "wait_seconds", "enabled")


@admin.register(Inhibition)
class InhibitionAdmin(FieldChecksMixin, PrefilledMixin, LintedMixin, NoBulkDeleteMixin, ModelAdmin):
    """Rules by which one alert keeps others quiet."""

    form = InhibitionForm
    field_checks: ClassVar = {
        **{name: counted(name) for name in ("source_matchers", "target_matchers")}, "equal": FieldCheck(),
    }  # fmt: skip
    prefilled = ("name", "source_matchers", "target_matchers", "equal")
    list_display = ("name", "cause", "consequence", "hits", "enabled")
    list_filter = (("enabled", BooleanRadioFilter),)
    list_filter_submit = True
    search_fields = ("name", "source_matchers", "target_matchers")
    search_help_text = _("Name or matcher")
    readonly_fields = ("hits", "holding")
    fieldsets = (
        (None, {"fields": ("name", "source_matchers", "target_matchers", "equal", ("wait_seconds", "enabled"), ("hits", "holding"))}),
    )

    @display(description=_("While this is open"))
    def cause(self, inhibition: Inhibition) -> str:
        """What the source must match."""
        return str(_(" and ")).join(inhibition.source_matchers)

    @display(description=_("this is not told"))
    def consequence(self, inhibition: Inhibition) -> str:
        """What is held back."""
        return str(_(" and ")).join(inhibition.target_matchers)

    @display(description=_("Alerts held back now"))
    def holding(self, inhibition: Inhibition) -> int:
        """How many open alerts it keeps quiet."""
        return 0 if inhibition.pk is None else queries.held_back(str(inhibition.pk)).count()

    def save_model(self, request: HttpRequest, obj: Inhibition, form: Any, change: bool) -> None:
        """Through the domain: what is no longer held back is told."""
        silences.save(obj, by=request.user, at=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Through the domain: what it held back is told."""
        silences.remove(obj, at=timezone.now())  # type: ignore[arg-type]
