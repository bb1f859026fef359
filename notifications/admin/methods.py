"""Contact methods: ways to reach people, who may see and say what about them, and test messages."""

from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import keep_lazy
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from notifications import bulk_deeds, methods, proofs
from notifications.admin.proving import CHANGE, ProvingMixin, back, changeable, moment
from notifications.models import ContactMethod
from sentinel_site.lib import bulk_asking, configuration, crypto, underway
from sentinel_site.lib.field_checks import FieldCheck, FieldChecksMixin, InlineFieldChecksMixin
from sentinel_site.lib.lists import OfferedMixin

_safe = keep_lazy(SafeString)(mark_safe)
PROVED = {"kind", "address", "recipient", "group"}
"""What was verified: that this address is theirs."""
ADDRESSES = _safe(_(
    "E-mail: name@example.org. SMS and calls: the number with + and the country, +33612345678. Webhook: its URL."
    " Push: the phone's token.<br>"
    "Slack: the ID of a channel (C0123456789) or of a person (U0123456789), which stand in Slack under the channel's"
    " or the profile's details; #channel; or an incoming webhook's URL (https://hooks.slack.com/…)."
    " A person's ID also tells who pressed a button in a shared channel.<br>"
    "Apprise: one URL that names one destination, for example discord://id/token or tgram://bot/chat.<br>"
    "Addresses are encrypted, and shown only to those who may change them."
))  # fmt: skip
VERIFY = "notifications.verify_contactmethod"
CHECKS: Final = {"address": FieldCheck(("recipient", "group", "kind"))}
READ_ONLY = ("masked", "disabled", "last_proof", "last_messages")


class MethodForm(forms.ModelForm):
    """A contact method. The secret can be set and never read: left empty, it stays. A new address is not verified by the old one."""

    address = forms.CharField(label=_("Address"), widget=UnfoldAdminTextInputWidget, help_text=ADDRESSES)
    secret = forms.CharField(
        required=False, label=_("Signing secret"), widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Signs a webhook (whsec_…). It is never shown again; leave it empty to keep the one there is."),
    )  # fmt: skip

    class Meta:
        model = ContactMethod
        fields = "__all__"  # noqa: DJ007 (the admin's fields choose)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.pop("secret", None)

    def clean_secret(self) -> str:
        """The new secret, or the one there is."""
        return str(self.cleaned_data["secret"] or self.instance.secret)

    def clean_address(self) -> str:
        """The address as it is kept, when it is one that can be sent to."""
        address, kind = str(self.cleaned_data["address"]).strip(), self.cleaned_data.get("kind", self.instance.kind)
        try:
            return methods.written(kind, address)
        except ValueError as error:
            raise forms.ValidationError(_("This address %(error)s.") % {"error": error}) from None

    def clean(self) -> dict[str, Any]:
        """Take the verification from an address that changes or moves, unless the form says in the same breath that it is verified."""
        data = super().clean() or {}
        said_so = "verified" in self.changed_data and data.get("verified")
        if not self.instance._state.adding and not PROVED.isdisjoint(self.changed_data) and not said_so:
            data["verified"] = self.instance.verified = False
        if not self.instance._state.adding and not PROVED.isdisjoint(self.changed_data):
            self.instance.proved_at = None
        return data

    def _post_clean(self) -> None:
        """Refuse an address that the owner has already; its digest is no field of the form, so Django leaves this constraint out."""
        super()._post_clean()
        method = self.instance
        twins = ContactMethod.objects.filter(
            recipient=method.recipient_id, group=method.group_id, kind=method.kind,
            address_digest=crypto.digest(method.address, purpose="address"),
        )  # fmt: skip
        if not self.errors and twins.exclude(pk=method.pk).exists():
            self.add_error(
                "address",
                _("This recipient has this address already.") if method.recipient_id else _("This group has this address already."),
            )


class MethodRulesMixin:
    """Who may see and say what about contact methods, in the list, the form and the inline."""

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Only some may say that an address is verified."""
        allowed = request.user.has_perm(VERIFY)
        return READ_ONLY if allowed else ("verified", *READ_ONLY)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Those who may not change an address see it masked."""
        fields = super().get_fields(request, obj)  # type: ignore[misc]
        if request.user.has_perm(CHANGE) or (obj is None and request.user.has_perm("notifications.add_contactmethod")):
            return tuple(fields)
        return tuple("masked" if name == "address" else name for name in fields if name != "secret")

    @display(description=_("Address"))
    def masked(self, method: ContactMethod) -> str:
        """Enough to recognise, too little to use."""
        return method.masked if method.address else "–"

    @display(description=_("Switched off"))
    def disabled(self, method: ContactMethod) -> str:
        """Why and since when."""
        return f"{method.disabled_reason} ({moment(method.disabled_at)})" if method.disabled_at else gettext("no")


class ProofFilter(admin.SimpleListFilter):
    """Those that nothing has proved for long."""

    title, parameter_name = _("proof"), "proof"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The one question."""
        return [("stale", gettext("Not proved for 45 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ContactMethod]) -> QuerySet[ContactMethod]:
        """The usable methods that nothing has proved for 45 days."""
        return queryset.filter(pk__in=proofs.unproved(at=timezone.now()).values("pk")) if self.value() == "stale" else queryset


class MethodInline(InlineFieldChecksMixin, ProvingMixin, MethodRulesMixin, StackedInline):
    """The ways to reach one recipient or group."""

    model = ContactMethod
    form = MethodForm
    field_checks: ClassVar = CHECKS
    fields = ("kind", "address", "secret", "label", "order", "verified", "active", "disabled", "last_proof")
    extra = 0
    show_change_link = True
    collapsible = True


@admin.register(ContactMethod)
class ContactMethodAdmin(OfferedMixin, FieldChecksMixin, ProvingMixin, MethodRulesMixin, ModelAdmin):
    """Ways to reach people, with what became of them."""

    form = MethodForm
    field_checks: ClassVar = CHECKS
    list_display = ("owner", "kind", "masked", "label", "usable_now", "verified", "proof", "disabled")
    list_filter = (ProofFilter, ("kind", ChoicesDropdownFilter), ("verified", BooleanRadioFilter), ("active", BooleanRadioFilter))
    list_filter_submit = True
    list_select_related = ("recipient", "group")
    search_fields = ("label", "recipient__name", "group__name")
    search_help_text = _("Label or owner; addresses are encrypted and cannot be searched")
    autocomplete_fields = ("recipient", "group")
    fields = (
        "recipient", "group", "kind", "address", "label", "order", "verified", "active", "disabled", "last_proof", "last_messages",
        "secret", "platform",
    )  # fmt: skip
    actions: ClassVar = [bulk_asking.action(bulk_deeds.TEST, "change"), bulk_asking.action(bulk_deeds.ENABLE, "change")]
    actions_detail: ClassVar = [*ProvingMixin.proving_actions, "enable_again"]

    class Media:
        js = (underway.SCRIPT,)

    def idle_actions(self, object_id: Any) -> set[str]:
        """A code proves what is not verified; what is on is not enabled again."""
        method = ContactMethod.objects.only("verified", "disabled_at").filter(pk=object_id).first()
        idle = {"send_code", "enter_code"} if method and method.verified else set()
        return idle | ({"enable_again"} if method and not method.disabled_at else set())

    @display(description=_("Of"))
    def owner(self, method: ContactMethod) -> str:
        """The person or the group."""
        return str(method.recipient or method.group)

    @display(description=_("Usable"), label={"yes": "success", "no": "danger"})
    def usable_now(self, method: ContactMethod) -> tuple[str, str]:
        """Whether a message may be sent to it now."""
        return ("yes", gettext("yes")) if method.usable else ("no", gettext("no"))

    def save_model(self, request: HttpRequest, obj: ContactMethod, form: Any, change: bool) -> None:
        """Save, and say when the address must be verified again."""
        super().save_model(request, obj, form, change)
        if not obj.verified:
            messages.warning(request, _("Nothing is sent to this address until it is verified: press “Send a code”."))

    @action(
        description=_("Enable again"), permissions=["change"], icon="restart_alt",
        dialog={"title": _("Enable again"),
                "description": _("Sentinel switched it off because its address was gone. Do this when you know that it is back."),
                "form_class": BaseDialogForm, "form_submit_text": _("Enable")},
    )  # fmt: skip
    def enable_again(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Take back that Sentinel switched it off."""
        method = changeable(request, object_id)
        _enable(ContactMethod.objects.filter(pk=method.pk))
        messages.success(request, _("Enabled. Send a test message to be sure."))
        return back(method)


def _enable(methods: QuerySet[ContactMethod]) -> int:
    with configuration.changing(methods.exclude(disabled_at=None)):
        return methods.exclude(disabled_at=None).update(disabled_at=None, disabled_reason="")
