"""An AI can fail in any way, and no alert is later, lower or missing."""

import json

import pytest
from django_q.models import OrmQ

from alerts import detection, escalation, gemini, lifecycle, triage
from alerts.enums import LogKind
from alerts.errors import NoOpinion
from alerts.models import Alert, AlertEvent, TriageOpinion
from notifications.models import Delivery
from tests.conftest import MINUTE, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert
from tests.gemini import drip, failed, hang, hang_up, said, serving, verdict
from tests.pictures import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _places(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.GEMINI_API_KEY = "test"
    settings.GEMINI_BASE_URL = "http://127.0.0.1:9"


@pytest.fixture
def alert():
    """An alert of medium severity with a picture, told to somebody, whose opinion waits."""
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 120), severity="medium", triage=True)
    alert = raise_alert(at=NOON)
    escalation.advance_due(at=NOON)
    detection.attach(alert.pk, jpeg(), at=NOON)
    return Alert.objects.get(pk=alert.pk)


def hints():
    """What waits in the queue, as (task, first argument), and the queue emptied."""
    waiting = [(row.task["func"], *row.task["args"]) for row in OrmQ.objects.order_by("pk")]
    OrmQ.objects.all().delete()
    return waiting


def ask(settings, *answers, at=NOON):
    """Run the waiting opinion against a service that answers so; returns the opinion and what the service was sent."""
    with serving(*answers) as service:
        settings.GEMINI_BASE_URL = service.url
        triage.run(TriageOpinion.objects.get().pk, at=at)
    return TriageOpinion.objects.get(), service.requests


def standing(alert):
    """Everything about the alert that an AI must not make worse."""
    columns = ("status", "priority", "severity", "round", "step", "next_step_at", "deadline_at", "suppressed_by")
    row = Alert.objects.filter(pk=alert.pk).values(*columns)
    return list(row), list(Delivery.objects.order_by("pk").values_list("pk", "status", "next_attempt_at", "queued_at"))


def test_an_opinion_is_kept_beside_the_alert(alert, settings):
    opinion, _ = ask(settings, (200, said(verdict(severity="medium"))))

    assert (opinion.state, opinion.is_fall, opinion.confidence, opinion.people, opinion.posture) == ("done", True, 0.93, 1, "lying")
    assert (opinion.model_name, opinion.tokens, opinion.description) == ("gemini-test-1", 360, "A person lies on the floor beside a bed.")
    assert opinion.latency_ms >= 0
    assert alert.log.get(kind=LogKind.TRIAGE).detail["severity"] == "medium"
    assert AlertEvent.objects.latest("pk").kind == "triage"


def test_a_worse_severity_raises_the_priority_and_begins_the_escalation_again(alert, settings):
    opinion, _ = ask(settings, (200, said(verdict(severity="critical"))))

    alert.refresh_from_db()
    assert (alert.priority, alert.severity, alert.round) == (1, "critical", 2)
    assert (opinion.priority_before, opinion.priority_after) == (3, 1)
    assert alert.next_step_at < NOON + 10 * SECOND
    assert alert.log.get(kind=LogKind.ROUND).detail == {"why": "AI opinion"}


@pytest.mark.parametrize("severity", ["info", "low", "medium"])
def test_a_lesser_severity_changes_nothing(alert, settings, severity):
    before = standing(alert)

    opinion, _ = ask(settings, (200, said(verdict(severity=severity, is_fall=False, confidence=1.0, people=0))))

    assert standing(alert) == before
    assert (opinion.state, opinion.priority_before, opinion.priority_after) == ("done", 3, 3)


FAILURES = {
    "truncated": (200, said(verdict()[:60], finish="MAX_TOKENS")),
    "fenced": (200, said(f"```json\n{verdict()}\n```")),
    "prose": (200, said("I see a person on the floor.")),
    "wrong types": (200, said(verdict(is_fall="yes", confidence="high"))),
    "out of range": (200, said(verdict(confidence=1.7))),
    "many people": (200, said(verdict(people=10**9))),
    "unknown severity": (200, said(verdict(severity="resolved"))),
    "long description": (200, said(verdict(description="x" * 501))),
    "a list": (200, said(json.dumps([1, 2]))),
    "nothing": (200, {}),
    "prompt blocked": (200, {"promptFeedback": {"blockReason": "SAFETY"}}),
    "answer blocked": (200, {"candidates": [{"finishReason": "SAFETY"}]}),
    "bad request": (400, failed(400, "INVALID_ARGUMENT")),
    "bad key": (403, failed(403, "PERMISSION_DENIED")),
    "no such model": (404, failed(404, "NOT_FOUND")),
    "quota": (429, failed(429, "RESOURCE_EXHAUSTED")),
    "server error": (500, failed(500, "INTERNAL")),
    "page": (200, b"<html>Sign in to this network</html>"),
    "bad gateway": (502, b"<html>Bad gateway</html>"),
    "hangs up": hang_up,
}


@pytest.mark.parametrize("case", FAILURES)
def test_whatever_it_says_instead_is_no_opinion_and_the_alert_stands(alert, settings, case):
    before = standing(alert)

    opinion, requests = ask(settings, FAILURES[case])

    assert standing(alert) == before
    assert (opinion.state, opinion.priority_after, opinion.is_fall) == ("no_opinion", None, None)
    assert alert.log.get(kind=LogKind.TRIAGE).detail == {"state": "no_opinion", "reason": opinion.reason}
    assert len(requests) in {1, 2}


def test_a_refused_connection_is_no_opinion(alert):
    before = standing(alert)

    triage.run(TriageOpinion.objects.get().pk, at=NOON)

    assert standing(alert) == before
    assert TriageOpinion.objects.get().reason == "The AI could not be asked: ConnectError."


@pytest.mark.parametrize("behaviour", [hang, drip])
def test_the_time_limit_holds_for_the_whole_call(settings, behaviour):
    with serving(behaviour) as service:
        settings.GEMINI_BASE_URL = service.url
        with pytest.raises(NoOpinion, match="did not answer within 3 s"):
            gemini.ask(jpeg(), timeout_seconds=3)

    assert 1 <= len(service.requests) <= 2


def test_it_is_asked_a_second_time_when_that_may_help(alert, settings):
    opinion, requests = ask(settings, (503, failed(503, "UNAVAILABLE")), (200, said(verdict())))

    assert (opinion.state, len(requests)) == ("done", 2)


def test_a_refusal_is_not_asked_again(alert, settings):
    opinion, requests = ask(settings, (404, failed(404, "NOT_FOUND")))

    assert (len(requests), "GEMINI_MODEL" in opinion.reason) == (1, True)


def test_without_a_key_no_opinion_is_asked_for(settings):
    settings.GEMINI_API_KEY = ""
    make_source(triage=True)

    assert triage.request(raise_alert(at=NOON).pk, at=NOON) is None


def test_a_source_that_wants_no_opinion_gets_none():
    make_source(triage=False)

    assert triage.request(raise_alert(at=NOON).pk, at=NOON) is None


def test_a_second_worker_finds_nothing_to_do(alert, settings):
    waiting = TriageOpinion.objects.get()
    TriageOpinion.objects.update(leased_until=NOON + 30 * SECOND)

    assert triage.run(waiting.pk, at=NOON) is False


def test_a_worker_that_died_is_replaced(alert, settings):
    TriageOpinion.objects.update(leased_until=NOON + 30 * SECOND)

    opinion, _ = ask(settings, (200, said(verdict())), at=NOON + 30 * SECOND)

    assert opinion.state == "done"


def test_a_done_opinion_is_not_asked_for_again(alert, settings):
    opinion, _ = ask(settings, (200, said(verdict())))

    assert triage.run(opinion.pk, at=NOON + MINUTE) is False


def test_a_lost_task_is_made_good_by_the_sweep(alert):
    hints()

    assert triage.run_waiting(at=NOON + MINUTE) == 1

    assert hints() == [("alerts.tasks.triage", str(TriageOpinion.objects.get().pk))]


def test_one_at_a_time_and_each_passes_on_to_the_next(alert, settings):
    other = TriageOpinion.objects.create(alert=alert, queued_at=NOON - MINUTE)
    hints()

    with serving((200, said(verdict()))) as service:
        settings.GEMINI_BASE_URL = service.url
        triage.run(TriageOpinion.objects.exclude(pk=other.pk).get().pk, at=NOON)

    assert hints() == [("alerts.tasks.triage", str(other.pk))]


def test_what_waited_too_long_is_given_up_without_asking(alert):
    assert triage.run_waiting(at=NOON + 10 * MINUTE) == 0

    assert TriageOpinion.objects.get().reason == "The AI could not be asked in time."


def test_a_closed_alert_is_not_shown_to_the_ai(alert, settings):
    lifecycle.resolve(alert, by=None, at=NOON)

    opinion, requests = ask(settings, (200, said(verdict())))

    assert (opinion.state, requests) == ("no_opinion", [])


def test_a_picture_that_is_gone_is_no_opinion(alert, settings, tmp_path):
    (tmp_path / alert.image).unlink()

    opinion, requests = ask(settings, (200, said(verdict())))

    assert (opinion.reason, requests) == ("The picture is gone.", [])


def test_it_sends_the_picture_and_nothing_about_anybody(alert, settings):
    _, requests = ask(settings, (200, said(verdict())))

    (path, body), *_ = requests
    assert path == "/v1/models/gemini-3.5-flash-lite:generateContent"
    assert [list(part) for part in body["contents"][0]["parts"]] == [["inlineData"], ["text"]]
    assert alert.title not in json.dumps(body)
    assert body["generationConfig"]["responseSchema"]["properties"]["severity"]["enum"] == ["critical", "high", "medium", "low", "info"]


def test_it_answers_in_the_language_of_the_site(alert, settings):
    settings.LANGUAGE_CODE = "fr"

    _, requests = ask(settings, (200, said(verdict())))

    assert "in French" in requests[0][1]["systemInstruction"]["parts"][0]["text"].replace("\n", " ")
