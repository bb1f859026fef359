"""The rows that the linter looks at, read at one time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from alerts.enums import Severity
from alerts.linting.logic import Domain
from alerts.models import EscalationPolicy, PolicyStep, Route, Source
from notifications.models import ContactMethod, OnCallSchedule, Recipient, RecipientGroup
from sentinel_site.lib import matchers


@dataclass(frozen=True)
class Setup:
    """Routes in the order in which they are asked, policies with their steps and people, and the sources."""

    routes: Sequence[Route]
    policies: Sequence[EscalationPolicy]
    sources: Sequence[Source]

    @classmethod
    def read(cls) -> "Setup":
        """A fixed number of statements, however much there is."""
        return cls(
            list(Route.objects.filter(enabled=True).select_related("source", "policy")), list(_policies()), list(Source.objects.all())
        )

    @cached_property
    def domain(self) -> Domain:
        """The values that severity and source of a new report can have."""
        return {"severity": [str(value) for value in Severity.values], "source": [source.slug for source in self.reporting]}

    @cached_property
    def open_domain(self) -> Domain:
        """The same of an alert that is open: its source may be switched off by now."""
        return {**self.domain, "source": [source.slug for source in self.sources]}

    @cached_property
    def reporting(self) -> list[Source]:
        """The sources that may report."""
        return [source for source in self.sources if source.enabled]

    @cached_property
    def life_safety(self) -> frozenset[str]:
        """The slugs of the sources that nothing may hold back."""
        return frozenset(source.slug for source in self.sources if source.life_safety)

    @cached_property
    def used(self) -> set[int | None]:
        """The ids of the policies that a route or a source names."""
        return {row.policy_id for row in self.routes} | {row.policy_id for row in self.reporting}


def read_matchers(texts: Sequence[str]) -> tuple[matchers.Matcher, ...] | None:
    """The matchers written in ``texts``; None when one of them cannot be read."""
    try:
        return matchers.parse_all(texts)
    except matchers.MatcherError:
        return None


def written(conditions: Sequence[matchers.Matcher]) -> str:
    """``conditions`` as people write them."""
    return _(" and ").join(f"{each.name}{each.operator}{each.value}" for each in conditions)


def _policies() -> Sequence[EscalationPolicy]:
    methods = Prefetch("contact_methods", ContactMethod.objects.all())
    people = Prefetch("members", Recipient.objects.filter(active=True).prefetch_related(methods))
    groups = RecipientGroup.objects.prefetch_related(people, methods)
    persons = Recipient.objects.filter(active=True).prefetch_related(methods)
    turns = OnCallSchedule.objects.prefetch_related("rotations__members__recipient__contact_methods")
    parts = [Prefetch("groups", groups), Prefetch("recipients", persons), Prefetch("schedules", turns)]
    last = [
        Prefetch("last_resort_groups", groups), Prefetch("last_resort_recipients", persons), Prefetch("last_resort_schedules", turns)
    ]  # fmt: skip
    return EscalationPolicy.objects.prefetch_related(Prefetch("steps", PolicyStep.objects.prefetch_related(*parts)), *last)  # type: ignore[return-value]
