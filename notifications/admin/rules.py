"""How a person wants to be told, on the person's own page."""

from typing import Any

from django.db.models import ForeignKey
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from notifications.models import ContactMethod, NotificationRule


class RuleInline(TabularInline):
    """One person's notification rules."""

    model = NotificationRule
    fields = ("priority_from", "priority_to", "kind", "method", "delay_seconds")
    extra = 0
    verbose_name_plural = _("Notification rules: by which method, after how many seconds. Without any, every method is used at once.")

    def formfield_for_foreignkey(self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any) -> ModelChoiceField | None:
        """Only the methods of the person whose page it is."""
        if db_field.name == "method":
            match = request.resolver_match
            kwargs["queryset"] = ContactMethod.objects.filter(recipient=match.kwargs.get("object_id") if match else None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
