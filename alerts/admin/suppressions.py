"""Silences: what keeps people from being told for a while. Saving and deleting go through the domain, which tells what they held."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display

from alerts import silences
from alerts.admin.forms import LinesField
from alerts.admin.linting import LintedMixin
from alerts.models import Silence
from alerts.models.suppression import check_matchers
from sentinel_site.lib.lists import NoBulkDeleteMixin

EXEMPT = "It never holds back alerts of life-safety sources, whatever you write here."
EXEMPT_SILENCE = f"{EXEMPT} It holds a P1 for 8 hours at the most."
ONE_A_LINE = 'One to a line, all must hold: source=probe, room=~"1.*", type!=test. '


class SilenceForm(forms.ModelForm):
    """A silence; its matchers must be readable, and there is at least one."""

    matchers = LinesField(label="Alerts that match", help_text=ONE_A_LINE + EXEMPT_SILENCE, required=True, validators=[check_matchers])

    class Meta:
        model = Silence
        fields = ("matchers", "reason", "starts_at", "ends_at")

    def clean(self) -> None:
        """What began keeps its beginning, and what ends in the past holds nothing."""
        super().clean()
        if self.cleaned_data.get("starts_at") and self.cleaned_data.get("ends_at"):
            draft = Silence(pk=self.instance.pk, starts_at=self.cleaned_data["starts_at"], ends_at=self.cleaned_data["ends_at"])
            draft._state.adding = self.instance._state.adding
            silences.check(draft, at=timezone.now())
            self.cleaned_data["starts_at"] = draft.starts_at


@admin.register(Silence)
class SilenceAdmin(LintedMixin, NoBulkDeleteMixin, ModelAdmin):
    """The ones that end last come first. One that ran is ended, not deleted: its hits are part of the record."""

    form = SilenceForm
    list_display = ("conditions", "reason", "state", "starts_at", "ends_at", "author", "held_back")
    list_select_related = ("author",)
    readonly_fields = ("author", "held_back")
    fieldsets = ((None, {"fields": ("matchers", "reason", ("starts_at", "ends_at"), ("author", "held_back"))}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Silence]:
        """With how many alerts each held back."""
        return super().get_queryset(request).annotate(held=Count("holds"))

    @display(description="Held back")
    def held_back(self, silence: Silence) -> int:
        """How many alerts."""
        return silence.hits

    @display(description="Alerts that match")
    def conditions(self, silence: Silence) -> str:
        """What must hold."""
        return " and ".join(silence.matchers)

    @display(description="State", label={"active": "warning", "planned": "info", "over": ""})
    def state(self, silence: Silence) -> str:
        """Whether it holds now."""
        now = timezone.now()
        return "over" if silence.ends_at <= now else "planned" if silence.starts_at > now else "active"

    def save_model(self, request: HttpRequest, obj: Silence, form: Any, change: bool) -> None:
        """Through the domain: the author is named, and what is no longer held back is told."""
        silences.save(obj, by=request.user, at=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Silence) -> None:
        """End it now; only one that has not begun is really deleted."""
        silences.end(obj, at=timezone.now())
