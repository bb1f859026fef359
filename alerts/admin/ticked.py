"""What is asked for before something is done to many alerts at once."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from alerts import bulk_deeds
from alerts.enums import Promise, Resolution, Usefulness
from sentinel_site.lib import bulk_asking

BY_PEOPLE: Final = [choice for choice in Resolution.choices if choice[0] not in (Resolution.AUTO, Resolution.RECOVERED)]


def _note() -> forms.CharField:
    return forms.CharField(required=False, max_length=2000, label=_("Note"), widget=UnfoldAdminTextareaWidget({"rows": 2}))


class TickedAcknowledgeForm(forms.Form):
    """What the person who takes them says."""

    promise = forms.ChoiceField(
        required=False, label=_("Promise"), choices=[("", _("No promise")), *Promise.choices], widget=UnfoldAdminSelectWidget
    )
    note = _note()


class TickedResolveForm(forms.Form):
    """How they ended."""

    resolution = forms.ChoiceField(label=_("Resolution"), choices=BY_PEOPLE, initial=Resolution.HANDLED, widget=UnfoldAdminSelectWidget)
    note = _note()


class TickedFeedbackForm(forms.Form):
    """What they were worth."""

    feedback = forms.ChoiceField(label=_("They were"), choices=Usefulness.choices, widget=UnfoldAdminSelectWidget)
    note = _note()


ACTIONS: Final[list[Any]] = [
    bulk_asking.action(bulk_deeds.ACKNOWLEDGE, "answer", TickedAcknowledgeForm),
    bulk_asking.action(bulk_deeds.RESOLVE, "answer", TickedResolveForm),
    bulk_asking.action(bulk_deeds.ESCALATE, "escalate"),
    bulk_asking.action(bulk_deeds.FEEDBACK, "answer", TickedFeedbackForm),
]
