"""`manage.py alert list|show|ack|resolve|comment|escalate|raise|watch`: alerts from the command line, by the rules of REST."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.conf import settings
from django.core.management.base import CommandParser

from alerts import describe, escalation, images, lifecycle, queries, reports, schemas
from alerts.errors import AlertError, InvalidReport
from alerts.management import alert_printing, alert_watch, alert_words
from alerts.models import Alert
from alerts.record import COMMAND_LINE, AtCommandLine
from sentinel_site.lib import listing
from sentinel_site.lib.shell import NOTHING, USAGE, Call, Shell, failed

VIEW, REPORT, ANSWER, ESCALATE = "alerts.view_alert", "alerts.report_alert", "alerts.answer_alert", "alerts.escalate_alert"
FILTERS: Final = ("status", "priority", "severity", "source", "type", "subject", "label")
FIELDS: Final = ("type", "severity", "description", "subject", "dedup_key", "runbook_url")
GIVEN: Final = ("source", "label", "link", "occurred_at", *FIELDS)
Act = Callable[[Alert, AtCommandLine], object]


class Command(Shell):
    """Alerts: what is open, what became of one, taking it, ending it, raising one, and watching."""

    help = "Alerts: list and show them, take or resolve them, raise one, watch what happens."
    examples = alert_words.EXAMPLES
    refused = (AlertError,)
    invalid = (InvalidReport,)

    def add_arguments(self, parser: CommandParser) -> None:
        """A word for each thing that can be done."""
        words = parser.add_subparsers(dest="word", required=True, title="what to do", metavar="WORD")
        found = self.word(words, "list", self._list, says="List alerts, the newest first.", examples=alert_words.LIST_EXAMPLES, lists=True)
        alert_words.filters(found)
        alert_words.one(self.word(words, "show", self._show, says="Show one alert: its record in words, and what happens next."))
        alert_words.one(self.word(words, "log", self._log, says="The record of one alert.", lists=True))
        alert_words.promise(self.word(words, "ack", self._ack, says="Take alerts: the escalation stops."))
        alert_words.resolution(self.word(words, "resolve", self._resolve, says="Say that alerts are over."))
        alert_words.some(self.word(words, "comment", self._comment, says="Add a remark (--note) to the record of alerts."))
        alert_words.some(self.word(words, "escalate", self._escalate, says="Tell the next ones now, without waiting for their time."))
        raising = self.word(words, "raise", self._raise, says="Report something.", examples=alert_words.RAISE_EXAMPLES)
        alert_words.report(raising)
        alert_words.watch(self.word(words, "watch", self._watch, says="Follow what happens, live; with --json an event a line."))

    def _list(self, call: Call) -> None:
        call.reader(VIEW)
        typed = {name: call[name] for name in FILTERS if call[name]}
        which = call["open"] if call["open"] is not None or call["everything"] or call["status"] else True
        wanted = queries.Filters(
            **typed, q=call["q"], since=call.instant("since"), until=call.instant("until"), open=which, held=call["held"]
        )  # fmt: skip
        listing.show(
            call, queries.find(wanted), lambda alert: _described(alert, call),
            lambda items: alert_printing.table(call.screen, items, at=call.at), order=("-id",), more=self.note,
            nothing="No alert is open." if which and not (typed or call["q"]) else "No alert matches.",
        )  # fmt: skip

    def _show(self, call: Call) -> None:
        call.reader(VIEW)
        alert = _one(call["alert"])
        described = _described(alert, call)
        if call.json:
            call.screen.document(described)
        else:
            alert_printing.whole(call.screen, alert, described, at=call.at)

    def _log(self, call: Call) -> None:
        call.reader(VIEW)
        alert = _one(call["alert"])

        def table(items: Sequence[dict[str, Any]]) -> None:
            alert_printing.record(call.screen, alert, only=[each["seq"] for each in items])

        listing.show(
            call, queries.log(alert.pk), queries.describe_entry, table, order=("id",), more=self.note,
            nothing="Its record is no longer kept.",
        )  # fmt: skip

    def _ack(self, call: Call) -> None:
        def act(alert: Alert, by: AtCommandLine) -> object:
            return lifecycle.acknowledge(alert, by=by, at=call.at, promise=call["promise"], note=call["note"])

        self._each(call, act)

    def _resolve(self, call: Call) -> None:
        def act(alert: Alert, by: AtCommandLine) -> object:
            return lifecycle.resolve(alert, by=by, at=call.at, resolution=call["resolution"], note=call["note"])

        self._each(call, act)

    def _comment(self, call: Call) -> None:
        if not call["note"].strip():
            raise failed("Say what is to be remarked: --note TEXT.", USAGE)
        self._each(call, lambda alert, by: lifecycle.comment(alert, by=by, at=call.at, note=call["note"].strip()))

    def _escalate(self, call: Call) -> None:
        def act(alert: Alert, by: AtCommandLine) -> None:
            escalation.escalate_now(alert, by=by, at=call.at)
            if call["note"]:
                lifecycle.comment(alert, by=by, at=call.at, note=call["note"])

        self._each(call, act, permission=ESCALATE)

    def _raise(self, call: Call) -> None:
        by = call.actor(REPORT)
        value = self._read(call) if call["title"] == "-" else _typed(call)
        if isinstance(value, dict) and "alerts" in value:
            self._raise_many(call, value, by_id=by.pk)
            return
        marked = {"reported_through": COMMAND_LINE, **value} if isinstance(value, dict) else value
        alert, created = reports.take(_body(marked), at=call.at, by_id=by.pk)
        described = _described(alert, call)
        if call.json:
            call.screen.document(described)
        else:
            call.screen.say(f"{'Raised' if created else 'Repeats an open alert:'} {described['priority']} {alert_printing.line(described)}")

    def _watch(self, call: Call) -> None:
        call.reader(VIEW)
        alert_watch.run(call)

    def _each(self, call: Call, act: Act, *, permission: str = ANSWER) -> None:
        """Do it to each alert that was named, once all of them are found; what is refused is told, and the others are done."""
        schemas.AnswerIn.model_validate({"note": call["note"]})
        by = AtCommandLine(call.actor(permission))
        wrong, done = list[str](), list[dict[str, Any]]()
        for alert in [_one(word) for word in dict.fromkeys(call["alerts"])]:
            try:
                act(alert, by)
                done.append(_described(queries.one(alert.pk), call))
            except AlertError as error:
                wrong.append(f"#{alert.number}: {error}")
        if done:
            self._tell(call, done)
        if wrong:
            raise failed(" ".join(wrong))

    def _tell(self, call: Call, done: Sequence[dict[str, Any]]) -> None:
        if call.json:
            call.screen.document(done[0] if len(done) == 1 else {"items": done, "next": None})
            return
        for each in done:
            call.screen.say(alert_printing.line(each))

    def _raise_many(self, call: Call, value: dict[str, Any], *, by_id: int) -> None:
        results = reports.take_batch(_body(value), at=call.at, by_id=by_id)
        wrong = [f"{each['index']}: {each['error']['detail']}" for each in results if "error" in each]
        if call.json:
            call.screen.document({"results": results})
        else:
            call.screen.say(f"{len(results) - len(wrong)} of {len(results)} reports were taken.")
        if wrong:
            raise failed("; ".join(wrong[:5]))

    def _read(self, call: Call) -> Any:
        if any(call[name] for name in GIVEN):
            raise failed("With - all of the report comes from the JSON: leave out the other options.", USAGE)
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = sys.stdin.buffer.read(limit + 1)
        if len(body) > limit:
            raise failed(f"The JSON is larger than {limit} bytes. Send less, or several reports.", USAGE)
        return schemas.read(body)


def _one(word: str) -> Alert:
    try:
        return queries.named(word)
    except Alert.DoesNotExist:
        raise failed(f"There is no alert {word[:80]}. `manage.py alert list --all` shows their numbers.", NOTHING) from None


def _described(alert: Alert, call: Call) -> dict[str, Any]:
    """As REST answers it; the picture's address is for who is named."""
    return describe.alert(alert, image_url=images.signed_url(alert, call.named) if alert.image else None)


def _typed(call: Call) -> dict[str, Any]:
    """The report that was typed."""
    report = {"source": call["source"] or "generic", "title": call["title"]}
    report |= {name: call[name] for name in FIELDS if call[name] is not None}
    pairs = [text.partition("=") for text in call["label"] or ()]
    if any(not equals for _, equals, _ in pairs):
        raise failed("A label is written as NAME=VALUE.", USAGE)
    occurred_at = call.instant("occurred_at")
    if occurred_at is not None:
        report["occurred_at"] = occurred_at.isoformat()
    return {**report, "labels": {name: value for name, _, value in pairs}, "links": [{"href": url} for url in call["link"] or ()]}


def _body(value: Any) -> bytes:
    return json.dumps(value).encode()
