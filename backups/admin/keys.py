"""Ping keys: secrets in addresses, each shown once."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from backups import pings
from backups.admin.words import shown
from backups.models import PingKey


@admin.register(PingKey)
class PingKeyAdmin(ModelAdmin):
    """Keys in the addresses of pings by name. A key is shown once, when it is made; one that is deleted stops working at once."""

    list_display = ("name", "begins", "may_create", "created_at", "used")
    search_fields = ("name",)
    search_help_text = _("Name")
    fields = ("name", "may_create")

    @display(description=_("Key"))
    def begins(self, key: PingKey) -> str:
        """Its first letters."""
        return f"{key.prefix}…"

    @display(description=_("Last used"), ordering="last_used_at")
    def used(self, key: PingKey) -> str:
        """To the minute."""
        return shown(key.last_used_at)

    def save_model(self, request: HttpRequest, obj: PingKey, form: Any, change: bool) -> None:
        """Save a changed key, or make a new one and keep its text for the answer to this one request."""
        if change:
            super().save_model(request, obj, form, change)
            return
        made, request.issued_text = pings.issue_key(obj.name, may_create=obj.may_create)  # type: ignore[attr-defined]
        obj.pk, obj.digest, obj.prefix, obj.created_at = made.pk, made.digest, made.prefix, made.created_at
        obj._state.adding = False

    def response_add(self, request: HttpRequest, obj: PingKey, post_url_continue: str | None = None) -> HttpResponse:
        """The page that shows the key, this once."""
        text = request.issued_text  # type: ignore[attr-defined]
        context = {**self.admin_site.each_context(request), "title": _("A new ping key"), "key": obj, "opts": self.opts, "text": text,
                   "base": settings.SENTINEL_BASE_URL}  # fmt: skip
        return TemplateResponse(request, "admin/backups/pingkey/issued.html", context, headers={"Cache-Control": "no-store"})
