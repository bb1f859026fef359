"""Saying in the admin whether alerts were useful, noise, duplicates or tests: one of them, or all that are ticked in the list."""

from functools import partial
from typing import ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextareaWidget

from alerts import feedback
from alerts.admin.answers import ANSWER, AnswersMixin
from alerts.enums import Usefulness


class FeedbackForm(BaseDialogForm):
    """What the alert was worth."""

    feedback = forms.ChoiceField(
        choices=Usefulness.choices, initial=Usefulness.USEFUL, label=_("It was"), widget=UnfoldAdminRadioSelectWidget(radio_style=1)
    )
    note = forms.CharField(required=False, max_length=2000, label=_("Note"), widget=UnfoldAdminTextareaWidget({"rows": 2}))


class FeedbackMixin(AnswersMixin):
    """What can be said of alerts afterwards, beside the answers."""

    actions_detail: ClassVar = [*AnswersMixin.actions_detail, "give_feedback"]

    @action(
        description=_("Feedback"), permissions=["answer"], icon="thumbs_up_down",
        dialog={"title": _("Was it worth your attention?"),
                "description": _("Kept on record and counted; it changes nothing about the alert."),
                "form_class": FeedbackForm, "form_submit_text": _("Say so")},
    )  # fmt: skip
    def give_feedback(self, request: HttpRequest, form: FeedbackForm, object_id: str) -> HttpResponse:
        """Say what one alert was worth."""
        deed = partial(feedback.give, word=form.cleaned_data["feedback"], note=form.cleaned_data["note"])
        return self._one(request, object_id, ANSWER, deed, _called(form.cleaned_data["feedback"]))


def _called(word: str) -> str:
    return gettext("called “%(word)s”") % {"word": Usefulness(word).label}
