"""Wall screens: made here, their address shown once, revoked here."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from alerts import bulk_deeds, walls
from alerts.admin.forms import LinesField
from alerts.models import Wall
from alerts.models.subscription import check_unless_empty
from sentinel_site.lib import bulk_asking, qr
from sentinel_site.lib.ages import ago
from sentinel_site.lib.lists import NoBulkDeleteMixin, OfferedMixin

CHANGE = "alerts.change_wall"
SHOWS = ("matchers", "site_label", "rotate_seconds", "names")
STATES = {"works": _("works"), "expired": _("expired"), "revoked": _("revoked")}
LIFE = ("state_said", "seen", "created_at", "revoked_at")


class WallForm(forms.ModelForm):
    """A screen and what it shows."""

    matchers = LinesField(
        label=_("Shows alerts that match"), validators=[check_unless_empty],
        help_text=_('One to a line, all must hold: source=smarteye, site=~"north|south", type!=test. Empty: every alert. '
        "What does not match is never sent to the screen."),
    )  # fmt: skip

    class Meta:
        model = Wall
        fields = ("name", *SHOWS, "language", "sound", "expires_at")


@admin.register(Wall)
class WallAdmin(OfferedMixin, NoBulkDeleteMixin, ModelAdmin):
    """Screens that show open alerts without a login, and can do nothing else. An address is shown once, when it is made."""

    form = WallForm
    list_display = ("name", "state_now", "seen", "matches", "created_at", "expires_at")
    search_fields = ("name",)
    search_help_text = _("Name")
    actions: ClassVar = [bulk_asking.action(bulk_deeds.REVOKE_WALL, "change")]
    actions_detail: ClassVar = ["revoke"]

    def get_fieldsets(self, request: HttpRequest, obj: Wall | None = None) -> Any:
        """One that is there shows its life as well."""
        asked = (
            (None, {"fields": ("name", "expires_at")}),
            (_("What it shows"), {"fields": SHOWS}),
            (pgettext_lazy("wall", "How"), {"fields": ("language", "sound")}),
        )
        return (*asked, (_("Its life"), {"fields": LIFE})) if obj else asked

    def get_readonly_fields(self, request: HttpRequest, obj: Wall | None = None) -> tuple[str, ...]:
        """What is noted."""
        return LIFE

    def idle_actions(self, object_id: Any) -> set[str]:
        """What was revoked is not revoked again."""
        return set() if Wall.objects.filter(pk=object_id, revoked_at=None).exists() else {"revoke"}

    @display(description=_("State"), label={"works": "success", "expired": "warning", "revoked": "danger"})
    def state_now(self, wall: Wall) -> tuple[str, str]:
        """Whether it shows anything."""
        state = wall.state(timezone.now())
        return state, str(STATES[state])

    @display(description=_("State"))
    def state_said(self, wall: Wall) -> str:
        """The same in words alone, for its page."""
        return self.state_now(wall)[1]

    @display(description=_("Last seen"))
    def seen(self, wall: Wall) -> str:
        """When, and from where."""
        if wall.last_seen_at is None:
            return gettext("never")
        facts = {"ago": ago(wall.last_seen_at, at=timezone.now()), "address": wall.last_seen_address}
        return gettext("%(ago)s, from %(address)s") % facts

    @display(description=_("Shows"))
    def matches(self, wall: Wall) -> str:
        """What it may show."""
        return ", ".join(wall.matchers) or gettext("every alert")

    def save_model(self, request: HttpRequest, obj: Wall, form: Any, change: bool) -> None:
        """Save a changed wall, or make a new one and keep its address for the answer to this one request."""
        if change:
            obj.save(update_fields=WallForm.Meta.fields)  # and not a revocation that came while the form was filled in
            return
        made, request.issued_url = walls.issue(**{name: form.cleaned_data[name] for name in WallForm.Meta.fields})  # type: ignore[attr-defined]
        obj.pk, obj.prefix, obj.digest, obj.created_at = made.pk, made.prefix, made.digest, made.created_at
        obj._state.adding = False

    def response_add(self, request: HttpRequest, obj: Wall, post_url_continue: str | None = None) -> HttpResponse:
        """The page that shows the address, this once."""
        context = {**self.admin_site.each_context(request), "title": _("A new wall screen"), "wall": obj, "opts": self.opts,
                   "url": request.issued_url, "qr": qr.picture(request.issued_url)}  # type: ignore[attr-defined]  # fmt: skip
        return TemplateResponse(request, "admin/alerts/wall/issued.html", context, headers={"Cache-Control": "no-store"})

    @action(
        description=_("Revoke"), permissions=["change"], icon="tv_off", variant=ActionVariant.DANGER,
        dialog={"title": _("Revoke this screen"),
                "description": _("It goes blank within seconds, for good. To show alerts again it needs a new address."),
                "form_class": BaseDialogForm, "form_submit_text": _("Revoke")},
    )  # fmt: skip
    def revoke(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Revoke one screen."""
        wall = get_object_or_404(Wall, pk=object_id)
        self._revoke(request, Wall.objects.filter(pk=wall.pk))
        return HttpResponse(headers={"HX-Redirect": reverse("admin:alerts_wall_change", args=[wall.pk])})

    def _revoke(self, request: HttpRequest, chosen: QuerySet[Wall]) -> None:
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        for wall in chosen:
            walls.revoke(wall, at=timezone.now())
        messages.success(request, _("Revoked."))
