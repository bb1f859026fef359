"""Proving a contact method in the admin: send a code, enter it, send a test message, and see what became of it."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from notifications import proofs, verification
from notifications.enums import WAITING, DeliveryStatus
from notifications.models import ContactMethod
from sentinel_site.lib import underway
from sentinel_site.lib.problems import Problem

CHANGE = "notifications.change_contactmethod"
SHOWN = 5
CONFIRMED_WITHIN = timedelta(minutes=15)
STATES = {"proved": "success", "new": "info", "stale": "warning"}
SAID = {"proved": _("proved"), "new": _("not proved yet"), "stale": _("not proved for 45 days")}


class CodeForm(BaseDialogForm):
    """The code that came to the address."""

    code = forms.CharField(
        max_length=40, label=_("Code"),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "placeholder": "1234 5678"}),
    )  # fmt: skip


class ProvingMixin:
    """Actions on the page of one contact method, and what is known of its proof."""

    proving_actions: ClassVar = ["send_code", "enter_code", "send_test"]

    @display(description=_("Proof"), label=STATES)
    def proof(self, method: ContactMethod) -> tuple[str, str]:
        """Whether something proved lately that it reaches its owner."""
        if proofs.is_stale(method, at=timezone.now()):
            return said("stale")
        return said("proved" if method.proved_at else "new")

    @display(description=_("Last proof"))
    def last_proof(self, method: ContactMethod) -> str:
        """When something proved it, and when it was last tested."""
        proved = moment(method.proved_at) if method.proved_at else gettext("none")
        return gettext("%(proved)s (last test %(at)s)") % {"proved": proved, "at": moment(method.tested_at)} if method.tested_at else proved

    @display(description=_("Last messages"))
    def last_messages(self, method: ContactMethod) -> SafeString | str:
        """What became of the newest messages to it."""
        rows = method.deliveries.select_related("notification").order_by("-id")[:SHOWN] if method.pk else []
        shown = [(moment(row.queued_at), row.notification.get_reason_display(), _outcome(row)) for row in rows]
        listed = format_html_join("", "<li>{} · {}: <strong>{}</strong></li>", shown)
        if not shown:
            return gettext("none yet")
        at = timezone.now()
        return underway.part(any(_is_on_its_way(row, at=at) for row in rows), ": ".join(shown[0][1:]), format_html("<ul>{}</ul>", listed))

    @action(
        description=_("Send a code"), permissions=["change"], icon="pin",
        dialog={"title": _("Verify the address by a code"),
                "description": _("A code goes to this address. Whoever reads it there tells it to you, or enters it."),
                "form_class": BaseDialogForm, "form_submit_text": _("Send the code")},
    )  # fmt: skip
    def send_code(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Send a code that proves the address."""
        method = changeable(request, object_id)
        try:
            verification.start(method, at=timezone.now())
            messages.success(request, _("A code is on its way. It is good for 15 minutes: press “Enter the code”."))
        except Problem as refusal:
            messages.error(request, str(refusal))
        return back(method)

    @action(
        description=_("Enter the code"), permissions=["change"], icon="dialpad",
        dialog={"title": _("Enter the code"), "description": _("The eight digits that came to the address."),
                "form_class": CodeForm, "form_submit_text": _("Verify")},
    )  # fmt: skip
    def enter_code(self, request: HttpRequest, form: CodeForm, object_id: str) -> HttpResponse:
        """Verify the address by the code."""
        method = changeable(request, object_id)
        try:
            verification.confirm(method, form.cleaned_data["code"], at=timezone.now())
            messages.success(request, _("Verified: messages are sent to this address from now on."))
        except Problem as refusal:
            messages.error(request, _("This %(error)s.") % {"error": refusal.errors[0][1]} if refusal.errors else str(refusal))
        return back(method)

    @action(
        description=_("Send a test message"), permissions=["change"], icon="send", variant=ActionVariant.PRIMARY,
        dialog={"title": _("Send a test message"),
                "description": _("It goes to this method, at once, and asks whoever gets it to confirm."),
                "form_class": BaseDialogForm, "form_submit_text": _("Send")},
    )  # fmt: skip
    def send_test(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Queue a test message."""
        method = changeable(request, object_id)
        try:
            proofs.ask(method, at=timezone.now())
            messages.success(request, _("A test message is on its way. “Last messages” shows what becomes of it."))
        except Problem as refusal:
            messages.error(request, str(refusal))
        return back(method)


def said(state: str) -> tuple[str, str]:
    """A key of STATES, and its words."""
    return state, str(SAID[state])


def moment(at: datetime) -> str:
    """``at`` in the time zone of the pages, to the second."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


def changeable(request: HttpRequest, object_id: str) -> ContactMethod:
    """The contact method, for somebody who may change it. Raises PermissionDenied."""
    if not request.user.has_perm(CHANGE):
        raise PermissionDenied
    found: QuerySet[ContactMethod] = ContactMethod.objects.select_related("recipient", "group")
    return get_object_or_404(found, pk=object_id)


def back(method: ContactMethod) -> HttpResponse:
    """To the page of ``method``."""
    return HttpResponse(headers={"HX-Redirect": reverse("admin:notifications_contactmethod_change", args=[method.pk])})


def _is_on_its_way(delivery: Any, *, at: datetime) -> bool:
    """Whether something may become of it while somebody looks: it is not sent, or was sent just now and may be confirmed."""
    if delivery.status == DeliveryStatus.SENT:
        return bool(delivery.queued_at > at - CONFIRMED_WITHIN)
    return delivery.status in (*WAITING, DeliveryStatus.SENDING)


def _outcome(delivery: Any) -> str:
    return f"{delivery.get_status_display()} ({delivery.error})" if delivery.error else str(delivery.get_status_display())
