"""What a noise report proposes, in words: in the language that is switched on. The row keeps facts, no sentences."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.enums import ProposalKind


def title(proposal: Mapping[str, Any]) -> str:
    """What it would do, in one line."""
    return _TITLES[proposal["kind"]]().format(**proposal["facts"])


def why(proposal: Mapping[str, Any]) -> str:
    """What speaks for it."""
    facts = {name: localize(value) if isinstance(value, int | float) else value for name, value in proposal["facts"].items()}
    if proposal["kind"] == ProposalKind.WINDOW:
        facts["days"] = days(proposal["facts"]["weekdays"])
    return _WHYS[proposal["kind"]]().format(**facts)


def cost(proposal: Mapping[str, Any]) -> str:
    """What people would not have heard of, or only calmly, that was worth hearing; plainly nothing, where it was nothing."""
    missed = proposal["effect"]["missed"]
    parts = []
    if missed["acted"]:
        parts.append(ngettext("somebody acted on {n} of them", "somebody acted on {n} of them", missed["acted"]).format(n=missed["acted"]))
    if missed["useful"]:
        parts.append(ngettext("{n} was called useful", "{n} were called useful", missed["useful"]).format(n=missed["useful"]))
    if missed["p2"]:
        parts.append(ngettext("{n} was a P2", "{n} were P2", missed["p2"]).format(n=missed["p2"]))
    if not parts:
        return _("Nothing that anybody acted on or called useful would have been missed, and no P2.")
    return _("Look before you do it: {parts}.").format(parts=", ".join(parts))


def days(weekdays: list[int]) -> str:
    """The weekdays by name; every day when there is none."""
    names = [_("Mondays"), _("Tuesdays"), _("Wednesdays"), _("Thursdays"), _("Fridays"), _("Saturdays"), _("Sundays")]
    return ", ".join(names[day] for day in weekdays) if weekdays else _("every day")


_TITLES: Final = {
    ProposalKind.ROUTE: lambda: _("Tell “{what}” calmly"),
    ProposalKind.SILENCE: lambda: _("Silence “{what}” for a day, and mend it"),
    ProposalKind.INHIBITION: lambda: _("Hold “{what}” back while “{cause}” is open"),
    ProposalKind.WINDOW: lambda: _("Silence “{what}” in its usual hours"),
    ProposalKind.FLAPPING: lambda: _("Say once that “{what}” comes and goes"),
}
_WHYS: Final = {
    ProposalKind.ROUTE: lambda: _(
        "{alerts} alerts in {days} days, and nobody acted on any of them. They would be {priority}, told by the policy “{policy}” "
        "and no longer by “{was_policy}”."
    ),
    ProposalKind.SILENCE: lambda: _(
        "{lately} alerts in the last {hours} hours, where it used to be {before} a day, and nobody took one. The effect is that of a "
        "silence since it began."
    ),
    ProposalKind.INHIBITION: lambda: _(
        "{share} % of its {alerts} alerts came within two minutes after “{cause}”, with the same {label}, and ended with it: "
        "the one explains the other."
    ),
    ProposalKind.WINDOW: lambda: _(
        "{share} % of its {alerts} alerts came {days} between {begins} and {ends}, were over by then, and nobody took one."
    ),
    ProposalKind.FLAPPING: lambda: _(
        "{keys} things from {source} came and went, and people were told of {held} alerts too many. Raised {opens} times within {minutes} "
        "minutes, they would count as flapping: told once, and again when they are calm (now: {was_opens} times within {was_minutes})."
    ),
}
