"""Proving a contact method in the admin: send a code, enter it, send a test message, and see what became of it."""

from datetime import datetime
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
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from notifications import proofs, verification
from notifications.models import ContactMethod
from sentinel_site.lib.problems import Problem

CHANGE = "notifications.change_contactmethod"
SHOWN = 5
STATES = {"proved": "success", "not proved yet": "info", "not proved for 45 days": "warning"}


class CodeForm(BaseDialogForm):
    """The code that came to the address."""

    code = forms.CharField(
        max_length=40, label="Code",
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "placeholder": "1234 5678"}),
    )  # fmt: skip


class ProvingMixin:
    """Actions on the page of one contact method, and what is known of its proof."""

    proving_actions: ClassVar = ["send_code", "enter_code", "send_test"]

    @display(description="Proof", label=STATES)
    def proof(self, method: ContactMethod) -> str:
        """Whether something proved lately that it reaches its owner."""
        if proofs.is_stale(method, at=timezone.now()):
            return "not proved for 45 days"
        return "proved" if method.proved_at else "not proved yet"

    @display(description="Last proof")
    def last_proof(self, method: ContactMethod) -> str:
        """When something proved it, and when it was last tested."""
        proved = moment(method.proved_at) if method.proved_at else "none"
        return f"{proved} (last test {moment(method.tested_at)})" if method.tested_at else proved

    @display(description="Last messages")
    def last_messages(self, method: ContactMethod) -> SafeString | str:
        """What became of the newest messages to it."""
        rows = method.deliveries.select_related("notification").order_by("-id")[:SHOWN] if method.pk else []
        shown = [(moment(row.queued_at), row.notification.get_reason_display(), _outcome(row)) for row in rows]
        listed = format_html_join("", "<li>{} · {}: <strong>{}</strong></li>", shown)
        return format_html("<ul>{}</ul>", listed) if shown else "none yet"

    @action(
        description="Send a code", permissions=["change"], icon="pin",
        dialog={"title": "Verify the address by a code",
                "description": "A code goes to this address. Whoever reads it there tells it to you, or enters it.",
                "form_class": BaseDialogForm, "form_submit_text": "Send the code"},
    )  # fmt: skip
    def send_code(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Send a code that proves the address."""
        method = changeable(request, object_id)
        try:
            verification.start(method, at=timezone.now())
            messages.success(request, "A code is on its way. It is good for 15 minutes: press “Enter the code”.")
        except Problem as refusal:
            messages.error(request, str(refusal))
        return back(method)

    @action(
        description="Enter the code", permissions=["change"], icon="dialpad",
        dialog={"title": "Enter the code", "description": "The eight digits that came to the address.",
                "form_class": CodeForm, "form_submit_text": "Verify"},
    )  # fmt: skip
    def enter_code(self, request: HttpRequest, form: CodeForm, object_id: str) -> HttpResponse:
        """Verify the address by the code."""
        method = changeable(request, object_id)
        try:
            verification.confirm(method, form.cleaned_data["code"], at=timezone.now())
            messages.success(request, "Verified: messages are sent to this address from now on.")
        except Problem as refusal:
            messages.error(request, f"This {refusal.errors[0][1]}." if refusal.errors else str(refusal))
        return back(method)

    @action(
        description="Send a test message", permissions=["change"], icon="send", variant=ActionVariant.PRIMARY,
        dialog={"title": "Send a test message",
                "description": "It goes to this method, at once, and asks whoever gets it to confirm.",
                "form_class": BaseDialogForm, "form_submit_text": "Send"},
    )  # fmt: skip
    def send_test(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Queue a test message."""
        method = changeable(request, object_id)
        try:
            proofs.ask(method, at=timezone.now())
            messages.success(request, "A test message is on its way. Load this page again: “Last messages” shows what becomes of it.")
        except Problem as refusal:
            messages.error(request, str(refusal))
        return back(method)


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


def _outcome(delivery: Any) -> str:
    return f"{delivery.get_status_display()} ({delivery.error})" if delivery.error else str(delivery.get_status_display())
