"""The forms of `alerts`' configuration: lists are written one to a line and checked as the engine reads them."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanWidget,
)

from alerts.models import PolicyStep, Route, Source
from alerts.models.source import ATTRIBUTES
from notifications.enums import Transport
from notifications.models.oncall import WEEKDAYS
from sentinel_site.lib import matchers

_LABEL = re.compile(r"label\.[A-Za-z_][A-Za-z0-9_.-]*")


class LinesField(forms.CharField):
    """A list of texts, one to a line; blank lines are left out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "widget": UnfoldAdminTextareaWidget({"rows": 4}), **kwargs})

    def prepare_value(self, value: Any) -> Any:
        """The list as lines."""
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        """The lines as a list."""
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the list differs."""
        return list(initial or []) != self.to_python(data)


class SourceForm(forms.ModelForm):
    """A source; its attributes must be ones that reports have."""

    dedup_attributes = LinesField(
        label=_("Same alert when these agree"),
        help_text=_("One to a line: source, type, severity, subject or label.NAME. A repeat of an open alert only counts up."),
    )
    group_attributes = LinesField(
        label=_("Told together when these agree"),
        help_text=_("One to a line. Empty: never group. Life-safety alerts are never grouped."),
    )
    webhook_secret = forms.CharField(
        label=_("Webhook secret"),
        required=False, min_length=12, max_length=200, widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("With one, webhooks for this source must be signed with it, besides their API key. Left empty, one that is set stays."),
    )  # fmt: skip
    forget_webhook_secret = forms.BooleanField(
        label=_("Forget webhook secret"), required=False, widget=UnfoldBooleanWidget,
        help_text=_("Tick it and save: what is stored is deleted."),
    )  # fmt: skip

    class Meta:
        model = Source
        fields = "__all__"  # noqa: DJ007 (the admin's fieldsets choose)

    def clean_dedup_attributes(self) -> list[str]:
        """Known attributes only."""
        return _attributes(self.cleaned_data["dedup_attributes"])

    def clean_group_attributes(self) -> list[str]:
        """Known attributes only."""
        return _attributes(self.cleaned_data["group_attributes"])


class RouteForm(forms.ModelForm):
    """A route; its matchers must be readable, and the catch-all has none."""

    matchers = LinesField(
        label=_("Conditions"),
        help_text=_(
            'One to a line, all must hold: severity=critical, room=~"1.*", type!=test. '
            "Reports have source, type, severity, subject and their own labels."
        ),
    )

    weekdays = forms.TypedMultipleChoiceField(
        label=_("Weekdays"), choices=WEEKDAYS, coerce=int, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None ticked: every day. A night belongs to the day it begins on."),
    )  # fmt: skip

    class Meta:
        model = Route
        fields = "__all__"  # noqa: DJ007 (the admin's fieldsets choose)

    def clean_matchers(self) -> list[str]:
        """Every line read as the engine reads it."""
        lines: list[str] = self.cleaned_data["matchers"]
        wrong = []
        for line in lines:
            try:
                matchers.parse(line)
            except matchers.MatcherError as error:
                wrong.append(str(error))
        if wrong:
            raise forms.ValidationError(wrong)
        return lines

    def clean(self) -> dict[str, Any]:
        """A route that changes nothing is a mistake."""
        data = super().clean() or {}
        if not self.instance.catch_all and not data.get("policy") and not data.get("priority"):
            raise forms.ValidationError(_("This route would change nothing: give it a policy, a priority, or both."))
        return data


class StepForm(forms.ModelForm):
    """One step of a policy; its transports are ticked."""

    kinds = forms.MultipleChoiceField(
        label=_("By"),
        required=False,
        choices=Transport.choices,
        widget=UnfoldAdminSelect2MultipleWidget,
        help_text=_("Empty: by every transport they have."),
    )

    class Meta:
        model = PolicyStep
        fields = "__all__"  # noqa: DJ007 (the inline's fields choose)


def _attributes(names: list[str]) -> list[str]:
    wrong = [name for name in names if name not in ATTRIBUTES and not _LABEL.fullmatch(name)]
    if wrong:
        known = ", ".join(ATTRIBUTES)
        raise forms.ValidationError(
            _("%(wrong)s: reports have no such attribute. Use %(known)s or label.<name>.") % {"wrong": ", ".join(wrong), "known": known}
        )
    return names
