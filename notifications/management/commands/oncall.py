"""`manage.py oncall who|shifts`: who is on call, now or at any instant, and whose shifts come."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.core.management.base import CommandParser
from django.db.models import Q

from notifications import schedule_config
from notifications.models import OnCallSchedule, Recipient
from sentinel_site.lib.shell import NOTHING, USAGE, Call, Shell, failed
from sentinel_site.lib.terminal import Cell
from sentinel_site.lib.typed_instants import FORMS

VIEW: Final = "notifications.view_oncallschedule"
AHEAD: Final = timedelta(days=7)
NONE: Final = "There is no on-call schedule: policies tell their groups. Make one in the admin, under On-call schedules."
EXAMPLES: Final = """
examples:
  manage.py oncall who                          in every schedule, now
  manage.py oncall who nights --at 2026-03-02T03:00
  manage.py oncall shifts nights --until +14d

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 nothing found: nobody is on call.
"""


class Command(Shell):
    """Who is on call, and the shifts of a range."""

    help = "On call: who is on call now or at an instant, and whose shifts come."
    examples = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        """A word for each question."""
        words = parser.add_subparsers(dest="word", required=True, title="what to ask", metavar="WORD")
        who = self.word(words, "who", self._who, says="Who is on call, until when. Exit code 3: nobody.")
        who.add_argument("schedule", nargs="?", default="", help="its name or id, or a part of the name; else all of them")
        who.add_argument("--at", metavar="WHEN", help=f"else now: {FORMS}")
        shifts = self.word(words, "shifts", self._shifts, says="The shifts that touch a range, whole, in order.")
        shifts.add_argument("schedule", nargs="?", default="", help="its name or id, or a part of the name; else all of them")
        shifts.add_argument("--since", metavar="WHEN", help=f"else now: {FORMS}")
        shifts.add_argument("--until", metavar="WHEN", help="else a week after that")

    def _who(self, call: Call) -> None:
        call.reader(VIEW)
        at, schedules = call.instant("at") or call.at, _schedules(call["schedule"])
        found = [(schedule, schedule_config.on_call(schedule, at=at)) for schedule in schedules]
        if call.json:
            call.screen.document(_document(call, found))
        else:
            names = _names(pk for _, answer in found for pk in answer["recipients"])
            call.screen.table(
                ("schedule", "on call", "until"), [_row(schedule, answer, names) for schedule, answer in found], wide=("schedule",)
            )
        if not any(answer["recipients"] for _, answer in found):
            raise failed(f"Nobody is on call in {', '.join(schedule.name for schedule in schedules)}.", NOTHING)

    def _shifts(self, call: Call) -> None:
        call.reader(VIEW)
        since = call.instant("since") or call.at
        until = call.instant("until") or since + AHEAD
        found = [(schedule, schedule_config.shifts(schedule, since=since, until=until)) for schedule in _schedules(call["schedule"])]
        if call.json:
            call.screen.document(_document(call, found))
        else:
            names = _names(shift["recipient"] for _, answer in found for shift in answer["items"])
            rows = [
                [schedule.name, _instant(shift["starts_at"]), _instant(shift["ends_at"]), names.get(shift["recipient"], "?"),
                 shift["layer"] or Cell("override", "yellow")]
                for schedule, answer in found for shift in answer["items"]
            ]  # fmt: skip
            call.screen.table(("schedule", "from", "until", "on call", "layer"), rows, wide=("schedule",))
        if not any(answer["items"] for _, answer in found):
            raise failed("Nobody is on call in that time.", NOTHING)


def _document(call: Call, found: Sequence[tuple[OnCallSchedule, dict[str, Any]]]) -> dict[str, Any]:
    """What REST answers for the schedule that was named; for all of them a list, each with its schedule."""
    if call["schedule"]:
        return found[0][1]
    return {"items": [{"schedule": str(schedule.pk), "name": schedule.name, **answer} for schedule, answer in found], "next": None}


def _row(schedule: OnCallSchedule, answer: dict[str, Any], names: dict[str, str]) -> list[Any]:
    people = [names.get(pk, "?") for pk in answer["recipients"]]
    return [schedule.name, Cell(", ".join(people) or "nobody", "bold green" if people else "bold red"), _instant(answer["until"])]


def _schedules(word: str) -> list[OnCallSchedule]:
    """Every schedule, or the one that ``word`` names. Raises CommandError."""
    rows = schedule_config.schedules().order_by("name", "id")
    if not word:
        found = list(rows)
        if not found:
            raise failed(NONE, NOTHING)
        return found
    exact = list(rows.filter(_named(word)))
    found = exact or list(rows.filter(name__icontains=word))
    if not found:
        known = ", ".join(rows.values_list("name", flat=True)[:20])
        raise failed(f"There is no schedule {word[:80]}. There are: {known or 'none'}.", NOTHING)
    if len(found) > 1:
        raise failed(f"{word} is part of several names: {', '.join(each.name for each in found)}. Write one of them.", USAGE)
    return found


def _named(word: str) -> Q:
    try:
        return Q(pk=UUID(word))
    except ValueError:
        return Q(name__iexact=word)


def _names(ids: Iterable[str]) -> dict[str, str]:
    return {str(pk): person.name for pk, person in Recipient.objects.in_bulk({UUID(each) for each in ids}).items()}


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
