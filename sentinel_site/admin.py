"""The admin of the composition: users, rights, API keys, failed sign-ins, processes. The queue's own tables stay out of it.

A queued task names a function to be called: whoever may write those tables may run anything.
"""

from typing import Any, ClassVar

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from axes.utils import reset
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django_q import admin as _registers_first  # noqa: F401 (whichever app comes first: what it registers is taken out below)
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, BaseDialogForm, UserChangeForm, UserCreationForm

from sentinel_site import bulk_admin, bulk_deeds
from sentinel_site.changes import admin as _history  # noqa: F401 (its list is registered by being imported)
from sentinel_site.lib import bulk_asking, configuration, english
from sentinel_site.lib.ages import ago, length
from sentinel_site.lib.lists import NoBulkDeleteMixin, OfferedMixin, ReadOnlyMixin
from sentinel_site.models import ApiKey, ProcessBeat

for model in (Schedule, OrmQ, Success, Failure, User, Group, AccessAttempt, AccessLog, AccessFailureLog):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
admin.site.index_title = _("Overview")
__all__ = ["bulk_admin"]
CHANGE_KEY = "sentinel_site.change_apikey"


@receiver(pre_save, sender=LogEntry)
def name_in_english(instance: LogEntry, *, raw: bool = False, **_kwargs: Any) -> None:
    """What the admin writes down of its own calls a row as all other records do, in whichever language somebody works."""
    if raw:
        return
    try:
        row = instance.get_edited_object()
    except (ObjectDoesNotExist, AttributeError, ValueError, ValidationError):  # what it is about is gone, or never was a row
        return
    instance.object_repr = english.text(row)[:200]


@admin.register(User)
class UserAdmin(NoBulkDeleteMixin, DjangoUserAdmin, ModelAdmin):
    """Who may sign in. Only a superuser makes superusers, changes one, or hands out single permissions."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    search_help_text = _("User name, name or e-mail")
    list_display = ("username", "full_name", "email", "rights", "is_active", "is_staff", "last_login")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With their groups, at once."""
        found: QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return found

    @display(description=_("Name"), ordering="first_name")
    def full_name(self, user: User) -> str:
        """First and last."""
        return user.get_full_name() or "–"

    @display(description=_("Rights"))
    def rights(self, user: User) -> str:
        """The groups, or that everything is allowed."""
        if user.is_superuser:
            return gettext("everything (superuser)")
        return ", ".join(sorted(group.name for group in user.groups.all())) or "–"

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """What would let a user rise above themselves."""
        always = ("last_login", "date_joined")
        return always if request.user.is_superuser else (*always, "is_superuser", "user_permissions")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers are changed by superusers."""
        return super().has_change_permission(request, obj) and _may_act_for(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers are deleted by superusers."""
        return super().has_delete_permission(request, obj) and _may_act_for(request, obj)


@admin.register(Group)
class GroupAdmin(NoBulkDeleteMixin, DjangoGroupAdmin, ModelAdmin):
    """What members of a group may do. Only a superuser changes it; others may look."""

    search_help_text = _("Name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Superusers."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Superusers."""
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Superusers."""
        return bool(request.user.is_superuser)


@admin.register(ApiKey)
class ApiKeyAdmin(OfferedMixin, ModelAdmin):
    """Keys that programs act with. The full key is shown once, when it is made; nobody can read it again. Keys are revoked, not deleted."""

    list_display = ("name", "shown", "user", "state", "created_at", "expires_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username")
    search_help_text = _("Name, beginning of the key or user")
    autocomplete_fields = ("user",)
    fields = ("user", "name", "expires_at")
    actions: ClassVar = [bulk_asking.action(bulk_deeds.REVOKE, "change")]
    actions_detail: ClassVar = ["revoke"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        """An existing key shows its life as well."""
        return (*self.fields, "shown", "created_at", "last_used_at", "revoked_at") if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        """Whose key it is stays as it was made."""
        return ("user", "shown", "created_at", "last_used_at", "revoked_at") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Nobody: revoke it, and it can still be seen whose it was."""
        return False

    def idle_actions(self, object_id: Any) -> set[str]:
        """What was revoked is not revoked again."""
        return set() if ApiKey.objects.filter(pk=object_id, revoked_at=None).exists() else {"revoke"}

    @display(description=_("Key"))
    def shown(self, key: ApiKey) -> str:
        """Its public beginning."""
        return f"snt_{key.prefix}_…"

    @display(description=_("State"), label={"active": "success", "expired": "warning", "revoked": "danger"})
    def state(self, key: ApiKey) -> tuple[str, str]:
        """Whether it works now."""
        if key.revoked_at:
            return "revoked", gettext("revoked")
        past = key.expires_at and key.expires_at <= timezone.now()
        return ("expired", gettext("expired")) if past else ("active", pgettext("key", "active"))

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Save a changed key, or make a new one and keep its text for the answer to this one request."""
        if not _may_act_for(request, obj.user):
            raise PermissionDenied(_("Only a superuser makes keys that act as a superuser."))
        if change:
            super().save_model(request, obj, form, change)
            return
        issued, text = ApiKey.issue(user=obj.user, name=obj.name, expires_at=obj.expires_at)
        obj.pk, obj.prefix, obj.digest, obj.created_at = issued.pk, issued.prefix, issued.digest, issued.created_at
        obj._state.adding = False
        request.issued_text = text  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """The page that shows the key, this once."""
        context = {**self.admin_site.each_context(request), "title": _("A new API key"), "key": obj, "opts": self.opts,
                   "text": request.issued_text}  # type: ignore[attr-defined]  # fmt: skip
        return TemplateResponse(request, "admin/sentinel_site/apikey/issued.html", context, headers={"Cache-Control": "no-store"})

    @action(
        description=_("Revoke"), permissions=["change"], icon="key_off", variant=ActionVariant.DANGER,
        dialog={"title": _("Revoke this key"), "description": _("It stops working within a second, for good."),
                "form_class": BaseDialogForm, "form_submit_text": _("Revoke")},
    )  # fmt: skip
    def revoke(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Revoke one key."""
        key = get_object_or_404(ApiKey, pk=object_id)
        self._revoke(request, ApiKey.objects.filter(pk=key.pk))
        return HttpResponse(headers={"HX-Redirect": reverse("admin:sentinel_site_apikey_change", args=[key.pk])})

    def _revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        if not request.user.has_perm(CHANGE_KEY):
            raise PermissionDenied
        with configuration.changing(keys.filter(revoked_at=None)):
            count = keys.filter(revoked_at=None).update(revoked_at=timezone.now())
        messages.success(request, _("Revoked: %(count)d.") % {"count": count})


@admin.register(ProcessBeat)
class ProcessBeatAdmin(ReadOnlyMixin, ModelAdmin):
    """The last sign of life of each process."""

    list_display = ("role", "instance", "last_sign", "running_for")

    @display(description=_("Last sign of life"))
    def last_sign(self, beat: ProcessBeat) -> str:
        """How long ago."""
        return ago(beat.beat_at, at=timezone.now())

    @display(description=_("Running for"))
    def running_for(self, beat: ProcessBeat) -> str:
        """Since its start."""
        return length(beat.beat_at - beat.started_at)


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnlyMixin, ModelAdmin):
    """Failed sign-ins. After too many, a name is locked for that address for a while; a superuser can unlock it."""

    list_display = ("attempt_time", "username", "ip_address", "failures_since_start", "path_info", "user_agent")
    search_fields = ("username", "ip_address")
    search_help_text = _("User or address")
    fields = ("attempt_time", "username", "ip_address", "failures_since_start", "path_info", "user_agent")
    ordering = ("-attempt_time",)
    actions: ClassVar = ["unlock"]

    def has_unlock_permission(self, request: HttpRequest) -> bool:
        """Superusers."""
        return bool(request.user.is_superuser)

    @action(description=_("Unlock"), permissions=["unlock"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> None:
        """Forget the failures of the ticked name and address."""
        for attempt in queryset:
            reset(username=attempt.username, ip=attempt.ip_address)
        messages.success(request, _("Unlocked."))


def _may_act_for(request: HttpRequest, user: User | None) -> bool:
    """Whether the one who asks may do something in the name of ``user``: a superuser stands above the others."""
    return bool(request.user.is_superuser) or user is None or not user.is_superuser
