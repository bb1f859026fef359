"""The forms of jobs: the job itself, what it follows, and what is asked before it is run or paused."""

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
    UnfoldBooleanWidget,
)

from jobs import config
from jobs.enums import JobKind
from jobs.models import Job, JobLink
from sentinel_site.lib import registry
from sentinel_site.lib.registry import Parameter

TYPES: Final = {int: _("whole number"), float: _("number")}
SECRETS: Final = ("http_url", "http_headers")
PAUSES: Final = (
    ("1", _("1 hour")), ("12", _("12 hours")), ("24", _("1 day")), ("72", _("3 days")), ("168", _("1 week")), ("720", _("30 days")),
)  # fmt: skip


class JobForm(forms.ModelForm):
    """A job. Its URL and headers can be set and never read: left empty, they stay."""

    http_url = forms.CharField(
        required=False, label=_("URL"), max_length=4000, widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted, as it may hold a token; leave it empty to keep the one there is. Only its host is shown."),
    )  # fmt: skip
    http_headers = forms.CharField(
        required=False, label=_("Headers"), max_length=4000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autocomplete": "off"}),
        help_text=_("Name: value, a line each. Stored encrypted and never shown again; leave it empty to keep what there is."),
    )  # fmt: skip
    forget_headers = forms.BooleanField(
        required=False, label=_("Forget the headers"), widget=UnfoldBooleanWidget,
        help_text=_("Tick it and save: what is stored is deleted."),
    )  # fmt: skip
    callable = forms.ChoiceField(
        required=False, label=_("Callable"), widget=UnfoldAdminSelectWidget,
        help_text=_("What Sentinel can do by itself. Choose one, save, and “Run now” asks for its arguments."),
    )  # fmt: skip

    class Meta:
        model = Job
        fields = "__all__"  # noqa: DJ007 (the admin's fieldsets choose)
        widgets = {name: UnfoldAdminTextareaWidget(attrs={"rows": 3}) for name in ("description", "arguments", "http_body")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SECRETS:
            self.initial.pop(name, None)
        if "callable" in self.fields:
            own = self.instance.callable
            known = {name: f"{gettext(each.title)} ({name})" for name, each in sorted(registry.load().items())}
            known |= {own: own} if own and own not in known else {}
            self.fields["callable"].choices = [("", "–"), *known.items()]

    def clean(self) -> dict[str, Any]:
        """Keep what is secret and was not written anew; headers of another server are not sent to a new one unseen."""
        data = super().clean() or {}
        moved = bool(data.get("http_url")) and config.is_elsewhere(data["http_url"], self.instance.http_url)
        if moved and self.instance.http_headers and not data.get("http_headers") and not data.get("forget_headers"):
            self.add_error("http_headers", _("They are stored for another server: write them again, or have them forgotten."))
        data["http_url"] = data.get("http_url") or self.instance.http_url
        data["http_headers"] = "" if data.get("forget_headers") else data.get("http_headers") or self.instance.http_headers
        return data

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            for name, text in config.errors(self.instance).items():
                self.add_error(name if name in self.fields else None, f"{text[:1].upper()}{text[1:]}.".replace("..", "."))


class FollowsForm(forms.ModelForm):
    """One job that is followed. What is wrong with the link is said beside it: the other end is not shown."""

    class Meta:
        model = JobLink
        fields = ("parent", "on")

    def _post_clean(self) -> None:
        super()._post_clean()
        if wrong := self.errors.pop("child", None):
            self.add_error("parent", wrong)


class FollowsFormSet(BaseInlineFormSet):
    """What a job follows: nothing twice, and never itself in the end."""

    def clean(self) -> None:
        """An external job follows nothing: Sentinel cannot start it. That nobody follows itself the model says."""
        super().clean()
        kept = (
            [form for form in self.forms if form.cleaned_data.get("parent") and not form.cleaned_data.get("DELETE")]
            if not any(self.errors)
            else []
        )
        if kept and self.instance.kind == JobKind.EXTERNAL:
            raise ValidationError(_("An external job cannot follow others: Sentinel cannot start it. Others may follow it."))
        if self.instance.pk is None and any(form.cleaned_data["parent"].pk is None for form in kept):
            raise ValidationError(_("A job cannot follow itself."))


class PauseForm(BaseDialogForm):
    """For how long."""

    hours = forms.ChoiceField(choices=PAUSES, label=_("For"), widget=UnfoldAdminSelectWidget, initial="24")

    def until(self) -> Any:
        """The instant at which it goes on."""
        return timezone.now() + timedelta(hours=int(self.cleaned_data["hours"]))


class RunForm(forms.Form):
    """The arguments of one run, a field each, with the values that the job has."""

    def __init__(self, job: Job, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parameters = registry.load().get(job.callable) if job.kind == JobKind.CALLABLE else None
        self.parameters = dict(parameters.parameters) if parameters else {}
        for name, parameter in self.parameters.items():
            self.fields[name] = _field(parameter, job.arguments.get(name, parameter.default))

    def arguments(self) -> dict[str, Any]:
        """What differs from the job's own."""
        return {name: value for name, value in self.cleaned_data.items() if value is not None and value != self.fields[name].initial}


def _field(parameter: Parameter, own: Any) -> forms.Field:
    label = f"{parameter.name} ({TYPES[parameter.type]})" if parameter.type in TYPES else parameter.name
    given: dict[str, Any] = {"label": label, "initial": own, "required": parameter.required and own is None}
    if parameter.type is bool:
        return forms.BooleanField(**{**given, "required": False}, widget=UnfoldBooleanSwitchWidget)
    kinds = {int: forms.IntegerField, float: forms.FloatField}
    return kinds.get(parameter.type, forms.CharField)(**given, widget=UnfoldAdminTextInputWidget)
