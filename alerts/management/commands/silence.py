"""`manage.py silence list|add|end`: silences from the command line, by the rules of REST."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from alerts import config, silence_preview
from alerts.enums import SilenceOrigin
from alerts.errors import AlertError
from alerts.management import alert_printing
from alerts.models import Silence
from sentinel_site.lib import listing, matchers, typed_instants
from sentinel_site.lib.shell import Call, Shell, failed
from sentinel_site.lib.terminal import Cell, clean

VIEW, ADD, DELETE = "alerts.view_silence", "alerts.add_silence", "alerts.delete_silence"
VIEW_ALERT: Final = "alerts.view_alert"
HEADS: Final = ("id", "state", "from", "until", "held", "author", "matchers", "reason")
COLOURS: Final = {"running": "bold yellow", "planned": "cyan", "over": "dim"}
EXAMPLES: Final = """
examples:
  manage.py silence list                        running and planned ones
  manage.py silence add source=meters room=12 --for 2h --reason "works in room 12" --as robin
  manage.py silence add 'host=~"web-.*"' --from 22:00 --for 4h --reason upgrade --yes --as robin
  manage.py silence end 019a8f2e-7d41-7c55-8b0f-3f6f3b1f2c11 --as robin

A silence keeps people from being told; it hides nothing, and holds nothing back on which lives depend.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 nothing found.
"""


class Command(Shell):
    """Silences: what is silenced, silencing, and ending a silence."""

    help = "Silences: list them, add one (it says first what it would hold back), end one."
    examples = EXAMPLES
    refused = (AlertError,)
    invalid = (matchers.MatcherError,)

    def add_arguments(self, parser: CommandParser) -> None:
        """A word for each thing that can be done."""
        words = parser.add_subparsers(dest="word", required=True, title="what to do", metavar="WORD")
        found = self.word(words, "list", self._list, says="List silences that run or are planned.", lists=True)
        found.add_argument("--all", dest="everything", action="store_true", help="those that are over, too")
        add = self.word(words, "add", self._add, says="Keep people from being told about what matches, for a while.")
        add.add_argument("matchers", nargs="+", metavar="matcher", help='name=value, name!=value, name=~"regex", name!~"regex"')
        add.add_argument("--reason", required=True, help="shown on every alert it holds back")
        length = add.add_mutually_exclusive_group(required=True)
        length.add_argument("--for", dest="length", metavar="TIME", help="how long: 30m, 2h, 1h30m, 1d (7 days at the most)")
        length.add_argument("--until", metavar="WHEN", help=typed_instants.FORMS)
        add.add_argument("--from", dest="begin", metavar="WHEN", help="when it begins; else now")
        add.add_argument("--yes", action="store_true", help="do not ask")
        end = self.word(words, "end", self._end_one, says="End a silence now; what it held back is told.")
        end.add_argument("silence", help="its id, or the beginning of it")

    def _list(self, call: Call) -> None:
        call.reader(VIEW)
        rows = config.silences() if call["everything"] else config.silences().filter(ends_at__gt=call.at)
        listing.show(
            call, rows, config.describe_silence, lambda items: _table(call, items, at=call.at), order=("-id",), more=self.note,
            nothing="There is no silence." if call["everything"] else "Nothing is silenced.",
        )  # fmt: skip

    def _add(self, call: Call) -> None:
        by = call.actor(ADD)
        begin = call.instant("begin") or call.at
        ends_at = begin + typed_instants.length(call["length"]) if call["length"] else call.instant("until")
        form = config.SilenceForm.model_validate(
            {"matchers": call["matchers"], "reason": call["reason"], "starts_at": begin, "ends_at": ends_at}
        )  # fmt: skip
        if not call["yes"]:
            self._ask(form, by)
        silence = Silence(origin=SilenceOrigin.COMMAND, **form.model_dump())
        with transaction.atomic():
            _did(by, silence, ADDITION, "Made by a command.")
            config.save_silence(silence, form, by)
        self._tell(call, config.silences().get(pk=silence.pk))

    def _ask(self, form: config.SilenceForm, by: User) -> None:
        """Say what it would hold back (which, to who may see alerts), and go on if that is meant. Raises CommandError."""
        found = silence_preview.preview(matchers.parse_all(form.matchers))
        for alert in found.examples if by.has_perm(VIEW_ALERT) else ():
            self.stderr.write(f"  #{alert.number} P{alert.priority} {clean(alert.title)}", str)
        if not self.ask(f"{found.sentence} Silence it?"):
            raise failed("Nothing was silenced.")

    def _end_one(self, call: Call) -> None:
        by = call.actor(DELETE)
        silence = listing.one(config.silences(), call["silence"], what="silence", see="`manage.py silence list --all` shows their ids.")
        described = config.describe_silence(silence)
        with transaction.atomic():
            _did(by, silence, CHANGE, "Ended by a command.")
            config.end_silence(silence)
        left = config.silences().filter(pk=described["id"]).first()
        if left is None and not call.json:
            call.screen.say("It had not begun, and was deleted.")
        else:
            self._tell(call, left, described)

    def _tell(self, call: Call, silence: Silence | None, before: dict[str, Any] | None = None) -> None:
        described = config.describe_silence(silence) if silence else before or {}
        if call.json:
            call.screen.document(described)
        else:
            _table(call, [described], at=timezone.now())


def _did(by: User, silence: Silence, flag: int, what: str) -> None:
    """Put it into the history that the admin shows. First of all in its transaction: what wakes people is the last."""
    kind = ContentType.objects.get_for_model(Silence)
    LogEntry.objects.create(
        user_id=by.pk,
        content_type_id=kind.pk,
        object_id=str(silence.pk),
        object_repr=str(silence)[:200],
        action_flag=flag,
        change_message=what,
    )


def _table(call: Call, silences: Sequence[dict[str, Any]], *, at: datetime) -> None:
    rows = []
    for each in silences:
        begin, end = alert_printing.instant(each["starts_at"]), alert_printing.instant(each["ends_at"])
        state = "over" if end and end <= at else "planned" if begin and begin > at else "running"
        first = [call.screen.short(each["id"]), Cell(state, COLOURS[state]), *(call.screen.near(when, at=at) for when in (begin, end))]
        rows.append([*first, each["hits"], each["author"], ", ".join(each["matchers"]), each["reason"]])
    call.screen.table(HEADS, rows, wide=("matchers", "reason"))
