"""`manage.py alert`: by the rules of REST, on record as a command, safe to look at."""

import io
import json
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from alerts import lifecycle, sentences
from alerts.models import Alert, LogEntry, Report
from sentinel_site import env
from tests.callers import REPORTER, RESPONDER, make_caller, make_user
from tests.commands import NAMED, document, refused, rows, said
from tests.conftest import MINUTE
from tests.factories import make_source, raise_alert
from tests.site.test_terminal import HOSTILE, Tty

pytestmark = pytest.mark.django_db
ROBIN = {"first_name": "Robin", "last_name": "Vale"}


@pytest.fixture
def robin():
    return make_user("robin", *RESPONDER, *REPORTER, **ROBIN)


@pytest.fixture
def alert():
    make_source()
    return raise_alert(at=timezone.now() - 4 * MINUTE, title="Water in the cellar", subject="cellar")


def shown(*words) -> str:
    """What a terminal shows."""
    out = Tty()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_the_list_is_a_line_for_each_open_alert(alert):
    (row,) = rows("alert", "list")

    assert row[:3] == [str(alert.number), "P3", "PENDING"]
    assert row[4:] == ["probe", "generic", "cellar", "Water in the cellar", "-"]


def test_filters_are_those_of_rest(alert, robin):
    lifecycle.resolve(alert, by=robin, at=timezone.now())
    number = [str(alert.number)]

    assert refused("alert", "list") == (3, "No alert is open.")
    assert refused("alert", "list", "--all", "--priority", "p1") == (3, "No alert matches.")
    for wanted in (["--all"], ["--closed"], ["--status", "resolved"], ["--all", "--since", "1h", "--subject", "cellar", "--q", "water"]):
        assert [row[:1] for row in rows("alert", "list", *wanted)] == [number]


def test_json_is_what_rest_answers(alert):
    client = make_caller(*RESPONDER)
    one, page = client.read(f"/alerts/{alert.pk}").json(), client.read("/alerts", open="true").json()

    assert document("alert", "list") == page
    assert document("alert", "show", f"#{alert.number}") == one
    assert document("alert", "log", str(alert.pk)) == client.read(f"/alerts/{alert.pk}/log").json()
    assert [json.loads(line) for line in said("alert", "list", "--ndjson").splitlines()] == page["items"]


def test_a_page_of_a_record_is_that_page_for_people_too(alert, robin):
    lifecycle.comment(alert, by=robin, at=timezone.now(), note="dry now")

    assert len(rows("alert", "log", str(alert.pk))) == 2
    assert len(rows("alert", "log", str(alert.pk), "--limit", "1")) == 1


def test_ndjson_goes_through_all_pages(alert):
    raise_alert(at=timezone.now(), title="Another", subject="roof")

    assert len(said("alert", "list", "--ndjson").splitlines()) == 2
    assert len(said("alert", "list", "--ndjson", "--limit", "1").splitlines()) == 1
    assert document("alert", "list", "--limit", "1")["next"]


def test_what_is_shown_tells_the_record_and_what_comes_next(alert):
    text = said("alert", "show", str(alert.number))

    assert "What happens next\n  Step 1 of 1 (after 0) is due at " in text
    assert "\tThe alert was raised.\n" in text


def test_taking_it_is_on_record_with_the_name_and_the_way(alert, robin):
    text = said("alert", "ack", str(alert.number), "--promise", "on_my_way", "--note", "two minutes", *NAMED)

    entry = LogEntry.objects.get(kind="status")
    assert text == f"#{alert.number} is ACKNOWLEDGED, taken by Robin Vale: Water in the cellar\n"
    assert (entry.actor_user, entry.detail["via"]) == (robin, "command line")
    assert sentences.of(entry) == "The alert was acknowledged by Robin Vale, saying “On my way”: two minutes (by a command)."


def test_several_are_answered_at_once_and_what_is_refused_is_told(alert, robin):
    other = raise_alert(at=timezone.now(), subject="roof")
    said("alert", "resolve", str(other.number), "--resolution", "false_alarm", *NAMED)

    code, text = refused("alert", "ack", str(alert.number), str(other.number), *NAMED)

    assert (code, Alert.objects.get(pk=alert.pk).status) == (1, "ACKNOWLEDGED")
    assert text == f"#{other.number}: An alert that is RESOLVED cannot become ACKNOWLEDGED: status only moves forward."


def test_nothing_is_done_when_one_of_them_is_not_there(alert, robin):
    assert refused("alert", "ack", str(alert.number), str(10**12), *NAMED)[0] == 3

    assert Alert.objects.get().status == "PENDING"


def test_who_acts_must_be_named_known_and_allowed(alert, settings):
    make_user("looker", "alerts.view_alert")
    make_user("gone", *RESPONDER, is_active=False)
    ack = ("alert", "ack", str(alert.number))

    assert refused(*ack)[0] == 2
    assert refused(*ack, "--as", "nobody")[1].startswith("There is no user nobody.")
    assert refused(*ack, "--as", "gone") == (1, "The user gone is switched off, and may do nothing.")
    assert refused(*ack, "--as", "looker")[1].startswith("This needs the permission alerts.answer_alert.")
    settings.SENTINEL_CLI_USER = "looker"
    assert refused(*ack)[0] == 1
    assert Alert.objects.get().status == "PENDING"


def test_who_is_named_reads_what_they_may(alert):
    make_user("robin")

    assert refused("alert", "list", *NAMED)[0] == 1


def test_a_report_is_raised_and_repeated(robin):
    make_source("generic")
    words = ("alert", "raise", "Water", "--type", "water", "--label", "room=12", "--severity", "high", "--occurred-at", "5m", *NAMED)

    first, second = said(*words), said(*words)

    report, alert = Report.objects.order_by("id")[0], Alert.objects.get()
    assert (first, second) == (
        f"Raised P2 #{alert.number} is PENDING: Water\n",
        f"Repeats an open alert: P2 #{alert.number} is PENDING: Water\n",
    )
    assert (report.reported_by, report.raw["reported_through"]) == (robin, "command line")
    assert (alert.labels, alert.created_at - alert.first_seen_at >= timedelta(minutes=5)) == ({"room": "12"}, True)


def test_a_report_is_read_from_standard_input(robin, monkeypatch):
    make_source("generic")

    def given(text: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))

    given(b'{"source": "generic", "title": "Water", "payload": {"litres": 3}}')
    assert document("alert", "raise", "-", *NAMED)["title"] == "Water"
    given(b'{"alerts": [{"source": "generic", "title": "One"}, {"title": "Two"}]}')
    assert refused("alert", "raise", "-", *NAMED) == (1, "1: source: is required")
    given(b"{")
    assert refused("alert", "raise", "-", *NAMED)[0] == 2
    given(b'"' + b"x" * 2_000_000)
    assert refused("alert", "raise", "-", *NAMED)[1].startswith("The JSON is larger than")
    assert refused("alert", "raise", "-", "--source", "generic", *NAMED)[0] == 2


@pytest.mark.parametrize("words", [
    ("list", "--since", "yesterday"), ("list", "--label", "room"), ("list", "--limit", "0"), ("list", "--cursor", "x"),
    ("raise", "x", "--label", "room", *NAMED), ("raise", "x", "--source", "unknown", *NAMED), ("raise", " ", *NAMED),
    ("comment", "1", *NAMED), ("list", "--q", "\udcff"),
])  # fmt: skip
def test_what_makes_no_sense_is_wrong_usage(words, robin):
    assert refused("alert", *words)[0] == 2


@pytest.mark.parametrize(
    "words", [("list",), ("show", "NUMBER"), ("log", "NUMBER"), ("list", "--json"), ("watch", "--since", "0", "--count", "1")]
)
def test_hostile_text_reaches_no_terminal(alert, robin, monkeypatch, words):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    Alert.objects.update(title=HOSTILE, description=HOSTILE, subject=HOSTILE, labels={"x": HOSTILE}, acknowledged_by="\x1b[2J")
    lifecycle.comment(alert, by=robin, at=timezone.now(), note=HOSTILE)

    text = shown("alert", *[str(alert.number) if word == "NUMBER" else word for word in words])

    assert "[bold red]" in text
    assert re.sub(r"\x1b\[(\?25[lh]|[\d;]*[mAKH])|[\n\r]", "", text).isprintable()


def test_watching_prints_each_event_on_a_line(alert, robin):
    lifecycle.acknowledge(alert, by=robin, at=timezone.now())

    (raised, taken) = rows("alert", "watch", "--since", "0", "--count", "2")
    (event,) = [json.loads(line) for line in said("alert", "watch", "--since", "0", "--count", "1", "--json").splitlines()]

    assert (raised[1], taken[1], taken[2:]) == (
        "raised", "status ACKNOWLEDGED", [str(alert.number), "P3", "ACKNOWLEDGED", "probe", "Water in the cellar"]
    )  # fmt: skip
    assert (event["kind"], event["alert"]["id"]) == ("raised", str(alert.pk))


def test_a_program_without_a_name_ends_with_one_line_and_code_2():
    """The one real process: exit code and stderr are what a shell sees."""
    command = [sys.executable, str(env.BASE_DIR / "manage.py"), "alert", "ack", "1"]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("sentinel: Say who acts: add --as <user name>, or set SENTINEL_CLI_USER.")
    assert ended.stderr.count("\n") == 1
