"""Subscriptions: which other systems hear what happens, how far each has got, and a test that says at once whether it works."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from alerts import publishing, subscriptions
from alerts.admin.counting import counted
from alerts.admin.forms import LinesField
from alerts.enums import Happening
from alerts.models import Subscription
from alerts.models.subscription import check_unless_empty, usual_happenings
from alerts.subscription_config import SECRET, UNUSABLE
from notifications import methods
from notifications.enums import Transport
from notifications.errors import NotificationError
from sentinel_site.lib import crypto
from sentinel_site.lib.field_checks import FieldCheck, FieldChecksMixin
from sentinel_site.lib.lists import NoBulkDeleteMixin

CHANGE, ADD = "alerts.change_subscription", "alerts.add_subscription"
STATES = {"on": "success", "off": "", "failing": "warning", "gone": "danger"}
SAID = {"on": _("on"), "off": _("off"), "failing": _("failing"), "gone": _("gone")}
GOT = ("state_said", "waiting", "sent", "lost", "sent_at", "last_error", "next_attempt_at")


class SubscriptionForm(forms.ModelForm):
    """A subscription. The secret is shown while it is new, and never again."""

    url = forms.CharField(
        label=_("Address"), widget=UnfoldAdminTextInputWidget,
        help_text=_("Events are posted to this URL. Private networks must be named in SENTINEL_WEBHOOK_ALLOWED_NETWORKS."),
    )  # fmt: skip
    secret = forms.CharField(
        label=_("Signing secret"), required=False, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("The receiver checks with it that events are Sentinel's (whsec_…). Left empty: one is made, or the present one stays."),
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label=_("Hears of"), required=False, choices=Happening.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget,
        initial=usual_happenings, help_text=_("None ticked: everything."),
    )  # fmt: skip
    matchers = LinesField(
        label=_("Of alerts that match"), validators=[check_unless_empty],
        help_text=_('One to a line, all must hold: source=probe, room=~"1.*", type!=test. Empty: every alert.'),
    )  # fmt: skip

    class Meta:
        model = Subscription
        fields = ("name", "url", "secret", "kinds", "matchers", "format", "enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        new = self.instance._state.adding
        self.initial["secret"] = crypto.signing_secret() if new else ""
        if "secret" in self.fields:
            self.fields["secret"].help_text = (
                _("Give it to the receiver now: it is never shown again.") if new
                else _("It is not shown again; leave this empty to keep the one there is.")
            )  # fmt: skip

    def clean_url(self) -> str:
        """An address that can be posted to."""
        try:
            return methods.written(Transport.WEBHOOK, str(self.cleaned_data["url"]).strip())
        except ValueError as error:
            raise forms.ValidationError(_("This address %(error)s.") % {"error": error}) from None

    def clean_secret(self) -> str:
        """The new secret, or the one there is."""
        secret = str(self.cleaned_data["secret"]).strip()
        if secret and not SECRET.fullmatch(secret):
            raise forms.ValidationError(_("This %(error)s.") % {"error": gettext(UNUSABLE)})
        return secret or (crypto.signing_secret() if self.instance._state.adding else self.instance.secret)


class StartForm(BaseDialogForm):
    """After which event to go on."""

    after = forms.IntegerField(
        required=False, min_value=0, max_value=2**63 - 1, label=_("After event"), widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Empty: after the newest one; what waits is left out."),
    )  # fmt: skip


@admin.register(Subscription)
class SubscriptionAdmin(FieldChecksMixin, NoBulkDeleteMixin, ModelAdmin):
    """Where events go, and what became of them."""

    form = SubscriptionForm
    field_checks: ClassVar = {"url": FieldCheck(), "matchers": counted("matchers")}
    list_display = ("name", "masked", "state_now", "waiting", "sent", "sent_at", "last_error")
    list_filter = (("enabled", BooleanRadioFilter),)
    list_filter_submit = True
    search_fields = ("name",)
    search_help_text = _("Name")
    readonly_fields = ("masked", *GOT)
    actions_detail: ClassVar = ["send_test", "start_at"]

    def get_fieldsets(self, request: HttpRequest, obj: Subscription | None = None) -> Any:
        """Those who may not change the address see it masked."""
        writes = request.user.has_perm(CHANGE if obj else ADD)
        where = ("url", "secret") if writes else ("masked",)
        asked = (None, {"fields": ("name", *where, "kinds", "matchers", "format", "enabled")})
        return (asked, (_("How far it has got"), {"fields": GOT})) if obj else (asked,)

    @display(description=_("Address"))
    def masked(self, subscription: Subscription) -> str:
        """Enough to recognise it."""
        return subscription.masked

    @display(description=_("State"), label=STATES)
    def state_now(self, subscription: Subscription) -> tuple[str, str]:
        """Whether it takes what it is sent."""
        return subscription.state, str(SAID[subscription.state])

    @display(description=_("State"))
    def state_said(self, subscription: Subscription) -> str:
        """The same in words alone, for its page."""
        return self.state_now(subscription)[1]

    @display(description=_("Events behind"))
    def waiting(self, subscription: Subscription) -> int:
        """How many events it has not dealt with."""
        return subscriptions.waiting(subscription)

    def save_model(self, request: HttpRequest, obj: Subscription, form: Any, change: bool) -> None:
        """Through the domain: it goes on from where it was, at once."""
        subscriptions.save(obj)

    @action(
        description=_("Send a test"), permissions=["change"], icon="send", variant=ActionVariant.PRIMARY,
        dialog={"title": _("Send a test"), "description": _("An event that says it is a test goes out now; you see whether it was taken."),
                "form_class": BaseDialogForm, "form_submit_text": _("Send")},
    )  # fmt: skip
    def send_test(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Send a test, and wait for the answer."""
        subscription = _changeable(request, object_id)
        try:
            publishing.try_out(subscription, at=timezone.now())
            messages.success(request, _("The test was taken."))
        except NotificationError as error:
            messages.error(request, _("The test did not arrive: %(error)s.") % {"error": error})
        return _back(subscription)

    @action(
        description=_("Go on elsewhere"), permissions=["change"], icon="fast_forward",
        dialog={"title": _("Go on elsewhere"),
                "description": _("Events after this one are sent, again or for the first time. Receivers know an event by its id."),
                "form_class": StartForm, "form_submit_text": _("Go on")},
    )  # fmt: skip
    def start_at(self, request: HttpRequest, form: StartForm, object_id: str) -> HttpResponse:
        """Set the place in the feed."""
        subscription = _changeable(request, object_id)
        subscriptions.go_on_after(subscription, form.cleaned_data["after"])
        messages.success(request, _("It goes on from there."))
        return _back(subscription)


def _changeable(request: HttpRequest, object_id: str) -> Subscription:
    """Asked again where it happens: the menus only hide."""
    if not request.user.has_perm(CHANGE):
        raise PermissionDenied
    return get_object_or_404(Subscription, pk=object_id)


def _back(subscription: Subscription) -> HttpResponse:
    return HttpResponse(headers={"HX-Redirect": reverse("admin:alerts_subscription_change", args=[subscription.pk])})
