"""What a noise report proposes, in words: in the language that is switched on. The row keeps facts, no sentences."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.enums import ProposalKind
from sentinel_site.lib.figures import number as _written


def title(proposal: Mapping[str, Any]) -> str:
    """What it would do, in one line."""
    return _TITLES[proposal["kind"]]().format(**proposal["facts"])


def why(proposal: Mapping[str, Any]) -> str:
    """What speaks for it."""
    facts = {name: _written(value) if isinstance(value, int | float) else value for name, value in proposal["facts"].items()}
    if proposal["kind"] == ProposalKind.WINDOW:
        facts["days"] = days(proposal["facts"]["weekdays"])
    return _WHYS[proposal["kind"]]().format(**facts)


def cost(proposal: Mapping[str, Any]) -> str:
    """What people would not have heard of, or only calmly, that was worth hearing; plainly nothing, where it was nothing."""
    missed = proposal["effect"]["missed"]
    parts = []
    if missed["acted"]:
        parts.append(_("somebody acted on {n} of them").format(n=missed["acted"]))
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


def kind(word: ProposalKind) -> str:
    """What would be changed."""
    return {
        ProposalKind.ROUTE: _("Route"), ProposalKind.SILENCE: _("Silence"), ProposalKind.INHIBITION: _("Inhibition"),
        ProposalKind.WINDOW: _("Maintenance window"), ProposalKind.FLAPPING: _("Limits of flapping"),
    }[word]  # fmt: skip


def headline(totals: Mapping[str, Any], days: int) -> str:
    """The period in one sentence."""
    if not totals["alerts"]:
        return _("Nothing was raised in the last {days} days.").format(days=days)
    sentence = _("{messages} messages about {told} alerts in {days} days. Somebody acted on {acted}.")
    return sentence.format(days=days, **{name: _written(value) for name, value in totals.items()})


def cut(answer: Mapping[str, Any]) -> str:
    """What the report does not say, as there was too much; empty when it says all."""
    parts = []
    if answer["cut"]:
        since = date_format(localtime(datetime.fromisoformat(answer["cut"]["since"])), "DATETIME_FORMAT")
        parts.append(
            _("The proposals are weighed on the newest {alerts} alerts, since {since}.").format(
                alerts=_written(answer["cut"]["alerts"]), since=since
            )
        )
    if answer["weighed"] < answer["drafts"]:
        sentence = _("Of {drafts} possible changes the {weighed} about the most messages were weighed.")
        parts.append(sentence.format(drafts=answer["drafts"], weighed=answer["weighed"]))
    return " ".join(parts)


def tiles(answer: Mapping[str, Any]) -> list[dict[str, str]]:
    """The period's figures, each with its name."""
    totals = answer["totals"]
    share = f"{round(100 * totals['acted'] / totals['alerts'])} %" if totals["alerts"] else "–"
    figures = [
        (_("Alerts"), totals["alerts"]), (_("told"), totals["told"]), (_("Messages"), totals["messages"]), (_("acted on"), share),
        (_("Reports that repeat"), totals["folded"]), (_("called useful"), totals["useful"]), (_("called noise"), totals["noise"]),
    ]  # fmt: skip
    return [{"name": name, "value": value if isinstance(value, str) else _written(value)} for name, value in figures]


def talker(line: Mapping[str, Any]) -> str:
    """What somebody who talks most cost."""
    parts = [_messages(line["messages"]), _alerts(line["alerts"]), _("acted on: {n} %").format(n=_share(line))]
    if line["nights"]:
        parts.append(ngettext("{n} night", "{n} nights", line["nights"]).format(n=line["nights"]))
    return " · ".join([*parts, *_said(line), *_usually(line)])


def unacted(line: Mapping[str, Any]) -> str:
    """How often people were told for nothing."""
    told = ngettext("told of {n} alert", "told of {n} alerts", line["told"]).format(n=_written(line["told"]))
    return " · ".join([told, _messages(line["messages"]), *_said(line), *_usually(line)])


def flapping(line: Mapping[str, Any]) -> str:
    """How often it came and went."""
    held = [_("{n} held back").format(n=_written(line["held"]))] if line["held"] else []
    return " · ".join([_("came {n} times").format(n=_written(line["times"])), _messages(line["messages"]), *held])


def folded(line: Mapping[str, Any]) -> str:
    """How many reports were how many alerts."""
    return _("{reports} reports, {alerts} alerts").format(reports=_written(line["reports"]), alerts=_written(line["alerts"]))


def nights(found: Mapping[str, Any], worst: str) -> str:
    """Whose night was how often disturbed."""
    sentence = _("{nights} of {of} nights, {messages} messages, at the most {most} in the night of {worst}")
    return sentence.format(worst=worst, **{name: _written(found[name]) for name in ("nights", "of", "messages", "most")})


def place(line: Mapping[str, Any]) -> str:
    """Where it comes from."""
    if "type" not in line:
        return str(line["source"])
    subject = _("{n} subjects").format(n=line["subjects"]) if line["subject"] is None else line["subject"]
    return " · ".join(filter(None, (line["source"], line["type"] if line["type"] != "generic" else "", subject)))


def _messages(number: int) -> str:
    return ngettext("{n} message", "{n} messages", number).format(n=_written(number))


def _alerts(number: int) -> str:
    return ngettext("{n} alert", "{n} alerts", number).format(n=_written(number))


def _share(line: Mapping[str, Any]) -> int:
    return round(100 * line["acted"] / line["alerts"]) if line["alerts"] else 0


def _said(line: Mapping[str, Any]) -> list[str]:
    """What people called it."""
    words = [(_("{n} × useful"), line["useful"]), (_("{n} × noise"), line["noise"])]
    return [word.format(n=number) for word, number in words if number]


def _usually(line: Mapping[str, Any]) -> list[str]:
    """How long it usually lasts."""
    seconds = line["median_seconds"]
    if seconds is None:
        return []
    for unit, size in ((_("days"), 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return [_("over after {time}").format(time=f"{round(seconds / size)} {unit}")]
    return [_("over after {time}").format(time=f"{seconds} s")]


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
        "Alerts from {source} came and went, and people were told of {held} too many. Raised {opens} times within {minutes} "
        "minutes, they would count as flapping: told once, and again when they are calm (now: {was_opens} times within {was_minutes})."
    ),
}
