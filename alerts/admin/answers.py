"""What a person may do to alerts from the admin: dialogs for one alert, actions for those ticked in the list.

Nothing happens on GET. Each is one call into the domain; what the domain refuses is shown as a message.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from alerts import escalation, lifecycle
from alerts.admin import ticked
from alerts.enums import Promise, Resolution
from alerts.errors import AlertError
from alerts.models import Alert

ANSWER, ESCALATE = "alerts.answer_alert", "alerts.escalate_alert"
BY_PEOPLE = [choice for choice in Resolution.choices if choice[0] not in (Resolution.AUTO, Resolution.RECOVERED)]
Deed = Callable[..., Any]
ACKNOWLEDGED, RESOLVED = pgettext_lazy("deed", "acknowledged"), pgettext_lazy("deed", "resolved")
ESCALATED, COMMENTED = pgettext_lazy("deed", "escalated"), pgettext_lazy("deed", "commented")


def _note(required: bool = False) -> forms.CharField:
    return forms.CharField(required=required, max_length=2000, label=_("Note"), widget=UnfoldAdminTextareaWidget({"rows": 3}))


class AcknowledgeForm(BaseDialogForm):
    """What the person who takes it says."""

    promise = forms.ChoiceField(required=False, choices=[("", _("No promise")), *Promise.choices], widget=UnfoldAdminSelectWidget)
    note = _note()


class ResolveForm(BaseDialogForm):
    """How it ended."""

    resolution = forms.ChoiceField(choices=BY_PEOPLE, initial=Resolution.HANDLED, widget=UnfoldAdminSelectWidget)
    note = _note()


class CommentForm(BaseDialogForm):
    """A remark."""

    note = _note(required=True)


class AnswersMixin:
    """The actions on alerts. ``answer`` and ``escalate`` name the permissions that Django's and Unfold's menus ask for."""

    actions: ClassVar = ticked.ACTIONS
    actions_detail: ClassVar = ["acknowledge", "resolve", "escalate", "comment"]

    def has_answer_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whether the user may acknowledge, resolve and comment."""
        return request.user.has_perm(ANSWER)

    def has_escalate_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whether the user may escalate by hand."""
        return request.user.has_perm(ESCALATE)

    @action(
        description=_("Acknowledge"), permissions=["answer"], icon="front_hand", variant=ActionVariant.PRIMARY,
        dialog={"title": _("Acknowledge"), "description": _("You take it: the escalation stops and waiting messages are cancelled."),
                "form_class": AcknowledgeForm, "form_submit_text": _("I take it")},
    )  # fmt: skip
    def acknowledge(self, request: HttpRequest, form: AcknowledgeForm, object_id: str) -> HttpResponse:
        """Acknowledge one alert."""
        deed = partial(lifecycle.acknowledge, promise=form.cleaned_data["promise"], note=form.cleaned_data["note"])
        return self._one(request, object_id, ANSWER, deed, ACKNOWLEDGED)

    @action(
        description=_("Resolve"), permissions=["answer"], icon="task_alt", variant=ActionVariant.SUCCESS,
        dialog={"title": _("Resolve"), "description": _("It is over: everyone who was told is told that, too. This is final."),
                "form_class": ResolveForm, "form_submit_text": _("Resolve")},
    )  # fmt: skip
    def resolve(self, request: HttpRequest, form: ResolveForm, object_id: str) -> HttpResponse:
        """Resolve one alert."""
        deed = partial(lifecycle.resolve, resolution=form.cleaned_data["resolution"], note=form.cleaned_data["note"])
        return self._one(request, object_id, ANSWER, deed, RESOLVED)

    @action(
        description=_("Escalate now"), permissions=["escalate"], icon="stairs", variant=ActionVariant.WARNING,
        dialog={"title": _("Escalate now"), "description": _("The next step is taken at once. A finished escalation begins again."),
                "form_class": BaseDialogForm, "form_submit_text": _("Escalate")},
    )  # fmt: skip
    def escalate(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Escalate one alert."""
        return self._one(request, object_id, ESCALATE, escalation.escalate_now, ESCALATED)

    @action(
        description=_("Comment"), permissions=["answer"], icon="comment",
        dialog={"title": _("Comment"), "description": _("Kept in the alert's record."),
                "form_class": CommentForm, "form_submit_text": _("Add")},
    )  # fmt: skip
    def comment(self, request: HttpRequest, form: CommentForm, object_id: str) -> HttpResponse:
        """Comment one alert."""
        return self._one(request, object_id, ANSWER, partial(lifecycle.comment, note=form.cleaned_data["note"]), COMMENTED)

    def _one(self, request: HttpRequest, object_id: str, permission: str, deed: Deed, done: Any) -> HttpResponse:
        _require(request, permission)
        alert = get_object_or_404(Alert, pk=object_id)
        if (refusal := _do(deed, alert, request, at=timezone.now())) is None:
            messages.success(request, _("#%(number)s was %(done)s.") % {"number": alert.number, "done": done})
        else:
            messages.error(request, f"#{alert.number}: {refusal}")
        return HttpResponse(headers={"HX-Redirect": reverse("admin:alerts_alert_change", args=[alert.pk])})


def _require(request: HttpRequest, permission: str) -> None:
    """Asked again where it happens: the menus only hide."""
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _do(deed: Deed, alert: Alert, request: HttpRequest, *, at: datetime) -> str | None:
    """Do it; answers with the domain's refusal, if any."""
    try:
        deed(alert, by=request.user, at=at)
    except AlertError as error:
        return getattr(error, "said", str(error))
    return None
