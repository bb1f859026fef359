"""The story of an alert: everything in one order, bounded, for who may see it, and as a file that shows when it was changed."""

import contextlib
import copy
import json
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.utils import translation

from alerts import escalation, lifecycle, story, story_file, story_views
from alerts.models import Alert, LogEntry, TriageOpinion
from alerts.signals import story_wanted
from alerts.story_file import Made
from notifications import outbox
from notifications.enums import DeliveryStatus
from notifications.models import Delivery, Notification, Recipient
from tests.conftest import MINUTE, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert
from tests.test_docs import ROOT

pytestmark = pytest.mark.django_db
MADE = Made(NOON, "Robin Vale")


@pytest.fixture
def alert():
    """Raised, told by mail, seen, taken and resolved."""
    robin = make_recipient("Robin Vale", groups=("oncall",))
    make_source(policy=make_policy(groups=("oncall",)))
    alert = raise_alert(at=NOON, title="Leak in the cellar", severity="high", subject="cellar", raw='{"said": "drip"}')
    escalation.advance_due(at=NOON)
    outbox.receive(Delivery.objects.get().pk, status=DeliveryStatus.DELIVERED, at=NOON + 30 * SECOND)
    lifecycle.acknowledge(alert, by=robin, at=NOON + 2 * MINUTE, promise="on_my_way")
    lifecycle.resolve(alert, by=robin, at=NOON + 9 * MINUTE, resolution="handled", note="tap closed")
    return alert


def read(alert, *permissions, at=NOON + 10 * MINUTE):
    return story.read(alert.pk, may=lambda permission: not permissions or permission in permissions, at=at)


def test_it_tells_from_the_report_to_the_end_in_one_order(alert):
    told = read(alert)

    kinds = [entry.kind for entry in told.entries]
    assert kinds[:2] == ["report", "raised"]
    assert [entry.at for entry in told.entries] == sorted(entry.at for entry in told.entries)
    assert [kind for kind in kinds if kind in {"step", "message", "receipt"}][:3] == ["step", "message", "receipt"]
    assert (told.entries[-1].at, told.chosen["policy"], told.left_out) == (NOON + 9 * MINUTE, "Calls", [])


def test_each_message_has_its_evidence(alert):
    message, receipt = (next(entry for entry in read(alert).entries if entry.kind == kind) for kind in ("message", "receipt"))

    facts = {fact.name: fact.value for fact in message.facts}
    assert message.text == "First notice to Robin Vale by e-mail: arrived, says a receipt."
    assert (facts["delivered_at"], facts["method"]) == (NOON + 30 * SECOND, "r…e@example.org")
    assert receipt.text == "A receipt proves that the message by e-mail to Robin Vale arrived."


def test_what_a_report_said_is_for_who_may_read_reports(alert):
    open_, closed = read(alert), read(alert, "alerts.view_alert")

    assert (open_.entries[0].quoted, closed.entries[0].quoted) == ('{\n  "said": "drip"\n}', "")
    assert any("no permission to read reports" in text for text in closed.left_out)


def test_it_is_told_in_the_readers_language(alert):
    with translation.override("fr"):
        told = read(alert)

    assert next(entry.text for entry in told.entries if entry.kind == "message").startswith("Premier avis à Robin Vale par e-mail")


def test_an_opinion_is_marked_as_one(alert):
    TriageOpinion.objects.create(
        alert=alert, state="done", queued_at=NOON, done_at=NOON + SECOND, is_fall=True, confidence=0.9, description="Somebody lies there.",
        model_name="some-model",
    )  # fmt: skip

    (opinion,) = [entry for entry in read(alert).entries if entry.kind == "opinion"]
    assert opinion.text == "Opinion of an AI, not a fact: Somebody lies there."
    assert {fact.name: fact.value for fact in opinion.facts}["confidence"] == 0.9


def test_a_part_that_fails_is_missing_and_said_to_be(alert):
    def fail(**_):
        raise LookupError("no")

    story_wanted.connect(fail, dispatch_uid="test")
    try:
        told = read(alert)
    finally:
        story_wanted.disconnect(dispatch_uid="test")

    assert told.left_out == ["Something that is known of it could not be read; the log of Sentinel says why."]
    assert told.entries


def test_a_very_long_story_is_cut_in_the_middle_and_says_so(alert, django_assert_max_num_queries):
    LogEntry.objects.bulk_create(
        LogEntry(alert=alert, at=NOON + 20 * MINUTE, kind="comment", actor="x", detail={"note": f"{number}"}) for number in range(10_000)
    )
    somebody = Recipient.objects.get()
    notes = Notification.objects.bulk_create(
        Notification(key=f"k{number}", thread=alert.thread, recipient=somebody, reason="reminder", created_at=NOON)
        for number in range(2000)
    )
    Delivery.objects.bulk_create(Delivery(notification=note, transport="email", queued_at=NOON + MINUTE) for note in notes)

    with django_assert_max_num_queries(25):
        told = read(alert)

    assert len(told.entries) < story.MAX_ENTRIES
    assert [text for text in told.left_out if "left out" in text] == told.left_out
    assert len(told.left_out) == 2
    assert any(entry.text == "x: 9999." for entry in told.entries)


def test_an_unchanged_file_is_genuine_and_a_changed_one_is_not(alert):
    file = json.loads(json.dumps(story_file.document(read(alert), MADE)))
    later, forged = copy.deepcopy(file), copy.deepcopy(file)
    later["generated"]["at"] = "2020-01-01T00:00:00.000Z"
    forged["story"]["alert"]["acknowledged_by"] = "Somebody else"
    forged["sha256"] = story_file.document(read(alert), MADE)["sha256"]
    added = {**file, "remark": "Somebody else took it."}

    genuine = [story_file.is_genuine(each) for each in (file, later, forged, added, {}, None, [])]
    assert genuine == [True, False, False, False, False, False, False]


def test_two_files_of_one_story_have_the_same_digest(alert):
    first, second = (story_file.document(read(alert), Made(at, "x")) for at in (NOON, NOON + MINUTE))

    assert (first["sha256"] == second["sha256"], first["seal"] == second["seal"]) == (True, False)


@pytest.mark.parametrize(
    ("value", "written"),
    [(87.0, "87"), (87.45678, "87.4568"), (1e-9, "0"), (float("nan"), "null"), (2**60, '"1152921504606846976"'), ("é\n\x7f", '"é\\n\x7f"')],
)
def test_values_are_written_as_every_program_writes_them(value, written):
    assert story_file.canonical(story_file.plain(value)).decode() == written


def test_instants_are_in_utc(alert):
    assert story_file.plain({"at": datetime(2026, 3, 2, 12, tzinfo=UTC)}) == {"at": "2026-03-02T12:00:00.000Z"}


@pytest.mark.parametrize("page", ["story/", "story.json", "story.pdf"])
def test_only_who_may_see_alerts_may_read_it(client, user, alert, page):
    path = f"/live/alerts/{alert.number}/{page}"
    asked = client.get(path).status_code
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    refused = client.get(path).status_code
    user.user_permissions.add(Permission.objects.get(codename="view_alert"))

    found = client.get(path)

    assert (asked, refused, found.status_code, "no-store" in found["Cache-Control"]) == (302, 403, 200, True)
    assert client.get(f"/live/alerts/{2**70}/{page}").status_code == 404
    assert client.post(path).status_code == 405


@pytest.fixture
def reader(user, client):
    user.user_permissions.add(Permission.objects.get(codename="view_alert"))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_no_more_pdfs_are_made_at_once_than_leave_room_for_reports(reader, alert):
    with contextlib.ExitStack() as others:
        while story_views.AT_ONCE.acquire(blocking=False):
            others.callback(story_views.AT_ONCE.release)
        refused = reader.get(f"/live/alerts/{alert.number}/story.pdf")

    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    assert reader.get(f"/live/alerts/{alert.number}/story.pdf").status_code == 200


def test_rest_gives_the_file_and_the_pdf(reader, alert):
    file, pdf = (reader.get(f"/api/v1/alerts/{alert.pk}/{name}") for name in ("story", "story.pdf"))

    french = reader.get(f"/api/v1/alerts/{alert.pk}/story", headers={"Accept-Language": "fr"}).json()

    assert story_file.is_genuine(file.json())
    assert (file.json()["story"]["language"], french["story"]["language"]) == ("en", "fr")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf["Content-Disposition"] == f'attachment; filename="sentinel-alert-{alert.number}.pdf"'
    assert reader.get("/api/v1/alerts/00000000-0000-7000-8000-000000000000/story").status_code == 404


def test_rest_needs_the_permission(client, user, alert):
    anonymous = client.get(f"/api/v1/alerts/{alert.pk}/story").status_code
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert (anonymous, [client.get(f"/api/v1/alerts/{alert.pk}/{name}").status_code for name in ("story", "story.pdf")]) == (
        401,
        [403, 403],
    )


def test_hostile_words_are_shown_as_they_are_and_turn_nothing_around(reader, alert, settings):
    settings.SENTINEL_SITE_NAME = 'x"; } body { background: url(//evil) } \\'
    hostile = "<script>alert(1)</script>\u202egnp.exe\u202c\x07" + "W" * 200
    Alert.objects.filter(pk=alert.pk).update(title=hostile, labels={"<b>": "</script>"})
    lifecycle.comment(Alert.objects.get(pk=alert.pk), by=None, at=NOON, note="<img src=x onerror=alert(1)>\u2066")

    page = reader.get(f"/live/alerts/{alert.number}/story/").content.decode()
    style = reader.get(f"/live/alerts/{alert.number}/story.css").content.decode()

    assert ("<script>alert" in page, "<img src=x" in page, "&lt;script&gt;alert(1)&lt;/script&gt;gnp.exe\ufffdW" in page) == (
        False,
        False,
        True,
    )
    assert not {"\u202e", "\u202c", "\u2066", "\x07"} & set(page)
    assert (style.count("{"), style.count('"')) == (3, 4)


def test_the_command_says_whether_a_file_is_ours(alert, tmp_path, capsys):
    file = tmp_path / "story.json"
    file.write_text(json.dumps(story_file.document(read(alert), MADE)), encoding="utf-8")

    call_command("check_story", str(file))
    file.write_text(file.read_text().replace("Robin Vale", "Robin Veil"), encoding="utf-8")
    with pytest.raises(SystemExit):
        call_command("check_story", str(file))

    said = capsys.readouterr().out
    assert ("Yes: made here at 2026-03-02T12:00:00.000Z" in said, "No: it was changed" in said) == (True, True)


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, '{"story": 1, "story": 2}', None])
def test_a_file_that_is_none_is_refused_in_words(tmp_path, content):
    file = tmp_path / "story.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(CommandError, match=r"is no JSON|cannot be read"):
        call_command("check_story", str(file))


def test_the_line_in_the_documentation_checks_a_file(alert, tmp_path):
    file = tmp_path / "story.json"
    file.write_text(json.dumps(story_file.document(read(alert), MADE), ensure_ascii=False), encoding="utf-8")
    (line,) = re.findall(r"^python3 -c '(.*)' sentinel-alert-42.json$", (ROOT / "docs" / "story.md").read_text(), re.M)

    assert subprocess.run([sys.executable, "-c", line, str(file)], capture_output=True, text=True, check=True).stdout == "True\n"


def test_the_alert_may_be_of_any_shape(alert):
    Alert.objects.filter(pk=alert.pk).update(status="EXPIRED", promise="", resolution="", acknowledged_at=None, labels={"a": "b\u202e"})

    assert story_file.document(read(alert), MADE)["story"]["alert"]["labels"] == {"a": "b\u202e"}
