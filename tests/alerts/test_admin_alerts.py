"""The alert pages of the admin: what they show, who may act, and what they cost."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alerts import lifecycle
from alerts.enums import AlertStatus, LogKind, Promise, Resolution
from alerts.models import Alert, LogEntry, TriageOpinion
from notifications.models import Notification
from tests.factories import make_recipient, make_source, raise_alert

LIST = "/admin/alerts/alert/"
SURE = {"sure": "1", "resolution": "handled", "feedback": "noise"}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def sign_in(*permissions, superuser=False, name="staff") -> Client:
    """A browser in which a member of staff with ``permissions`` is signed in."""
    user = User.objects.create_user(name, is_staff=True, is_superuser=superuser)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(alert, action="change") -> str:
    return f"{LIST}{alert.pk}/{action}/"


@pytest.fixture
def boss(db) -> Client:
    return sign_in(superuser=True)


@pytest.fixture
def viewer(db) -> Client:
    return sign_in("alerts.view_alert", name="viewer")


@pytest.fixture
def alert(db):
    make_source()
    make_recipient(groups=["oncall"])
    return raise_alert(at=timezone.now(), title="Fall in room 12", subject="camera-4")


def test_the_list_shows_status_priority_title_and_source_in_words(boss, alert):
    body = boss.get(LIST).content.decode()

    assert [word in body for word in ("Pending", "P3", "Fall in room 12", "Probe", "camera-4", "1×")] == [True] * 6


def test_the_list_has_the_marks_that_the_menu_of_actions_looks_for(boss, alert):
    body = boss.get(LIST).content.decode()

    assert ['class="result-list ' in body, 'class="action-toggle"' in body, 'class="action-select"' in body] == [True] * 3


def test_the_list_opens_without_any_alert(boss):
    assert boss.get(LIST).status_code == 200


def test_the_list_costs_the_same_number_of_queries_at_one_and_at_three_rows(boss, alert):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            boss.get(LIST)
        return len(seen)

    boss.get(LIST)
    one = queries()
    for title in ("second", "third"):
        raise_alert(at=timezone.now(), title=title, subject=title)

    assert queries() == one


@pytest.mark.parametrize("query", [
    "state=open", "state=unacknowledged", "state=late", "state=closed", "status__exact=PENDING", "priority__exact=3",
    "severity__exact=medium", "created_at_from_0=2020-01-01", "created_at_from_0=nonsense", "q=fall", "p=99", "p=x",
])  # fmt: skip
def test_every_filter_answers(boss, alert, query):
    assert boss.get(f"{LIST}?{query}", follow=True).status_code == 200


def test_the_range_of_days_finds_what_was_raised_in_it(boss, alert):
    today = f"created_at_from_0={timezone.now():%Y-%m-%d}&created_at_from_1=00:00:00"

    assert "Fall in room 12" in boss.get(f"{LIST}?{today}").content.decode()
    assert "Fall in room 12" not in boss.get(f"{LIST}?created_at_to_0=2020-01-01").content.decode()


def test_the_page_of_an_alert_tells_its_story(boss, alert):
    lifecycle.acknowledge(alert, by=make_recipient("Ana Ribeiro"), at=timezone.now(), promise=Promise.ON_MY_WAY)
    TriageOpinion.objects.create(alert=alert, queued_at=timezone.now(), state="done", description="A person lies on the floor.")

    body = boss.get(page(alert)).content.decode()

    assert "The alert was acknowledged by Ana Ribeiro, saying “On my way”." in body
    assert "A person lies on the floor." in body


def test_the_page_of_an_alert_that_is_not_there_leads_back(boss):
    assert boss.get(f"{LIST}01890000-0000-7000-8000-000000000000/change/").status_code == 302


def test_hostile_titles_are_shown_as_text(boss, alert):
    hostile = raise_alert(at=timezone.now(), title=HOSTILE, subject=HOSTILE, labels={"room": HOSTILE})
    hostile.links = [{"href": "javascript:alert(3)", "text": "click"}]
    hostile.runbook_url = "javascript:alert(4)"
    hostile.save(update_fields=["links", "runbook_url"])

    bodies = [boss.get(url).content.decode() for url in (LIST, page(hostile), "/admin/", f"{LIST}?q=script")]

    assert [("<script>alert(1)" in body, "<img src=x" in body, 'href="javascript' in body) for body in bodies] == [(False,) * 3] * 4


def test_alerts_are_neither_added_nor_changed_nor_deleted(boss, alert):
    answers = [boss.get(f"{LIST}add/"), boss.post(page(alert), {"status": "RESOLVED"}), boss.post(page(alert, "delete"), {"post": "yes"})]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "delete_selected" not in boss.get(LIST).content.decode()


def test_get_never_executes_an_action(boss, alert):
    for action in ("acknowledge", "resolve", "escalate", "comment"):
        assert boss.get(page(alert, action)).status_code == 200

    alert.refresh_from_db()
    assert (alert.status, LogEntry.objects.exclude(kind=LogKind.RAISED).count()) == (AlertStatus.PENDING, 0)


def test_acknowledge_goes_through_lifecycle(boss, alert):
    answer = boss.post(page(alert, "acknowledge"), {"_form_submitted": "on", "promise": "calling", "note": "on it"})

    alert.refresh_from_db()
    assert answer.headers["HX-Redirect"] == reverse("admin:alerts_alert_change", args=[alert.pk])
    assert (alert.status, alert.acknowledged_by, alert.promise, alert.next_step_at) == ("ACKNOWLEDGED", "staff", "calling", None)


def test_resolve_keeps_the_chosen_resolution(boss, alert):
    boss.post(page(alert, "resolve"), {"_form_submitted": "on", "resolution": "false_alarm", "note": ""})

    alert.refresh_from_db()
    assert (alert.status, alert.resolution) == (AlertStatus.RESOLVED, Resolution.FALSE_ALARM)


def test_a_comment_needs_words_and_lands_in_the_record(boss, alert):
    boss.post(page(alert, "comment"), {"_form_submitted": "on", "note": ""})
    boss.post(page(alert, "comment"), {"_form_submitted": "on", "note": "Called the ward."})

    assert [entry.detail for entry in LogEntry.objects.filter(kind=LogKind.COMMENT)] == [{"note": "Called the ward."}]


def test_escalate_plans_the_next_step_now(boss, alert):
    lifecycle.acknowledge(alert, by=None, at=timezone.now())

    boss.post(page(alert, "escalate"), {"_form_submitted": "on"})

    alert.refresh_from_db()
    assert (alert.round, alert.next_step_at is not None) == (2, True)


def test_what_the_domain_refuses_is_shown(boss, alert):
    lifecycle.expire(alert, at=timezone.now())

    boss.post(page(alert, "acknowledge"), {"_form_submitted": "on", "promise": "", "note": ""})

    assert "cannot become “Acknowledged”" in boss.get(page(alert)).content.decode()
    alert.refresh_from_db()
    assert alert.status == AlertStatus.EXPIRED


@pytest.mark.parametrize("action", ["acknowledge", "resolve", "escalate", "comment"])
def test_a_viewer_cannot_act_on_one_alert(viewer, alert, action):
    answer = viewer.post(page(alert, action), {"_form_submitted": "on", "note": "x", "resolution": "handled", "promise": ""})

    alert.refresh_from_db()
    assert (answer.status_code, alert.status) == (403, AlertStatus.PENDING)


@pytest.mark.parametrize("action", ["acknowledge_ticked", "resolve_ticked", "escalate_ticked", "feedback_ticked"])
def test_a_viewer_cannot_act_on_many(viewer, alert, action):
    viewer.post(LIST, {"action": action, "_selected_action": [str(alert.pk)], **SURE})

    alert.refresh_from_db()
    assert (alert.status, LogEntry.objects.exclude(kind=LogKind.RAISED).count()) == (AlertStatus.PENDING, 0)


def test_a_viewer_sees_the_page_without_buttons_and_without_raw_reports(viewer, alert):
    body = viewer.get(page(alert)).content.decode()

    assert ("Fall in room 12" in body, "/acknowledge/" in body, "No report is kept" in body) == (True, False, True)


def test_ticked_alerts_are_acknowledged_together_and_refusals_are_named(boss, alert):
    closed = raise_alert(at=timezone.now(), title="other", subject="other")
    lifecycle.expire(closed, at=timezone.now())

    answer = boss.post(LIST, {"action": "acknowledge_ticked", "_selected_action": [str(alert.pk), str(closed.pk)], **SURE}, follow=True)

    text = answer.content.decode()
    assert ("Done: 1." in text, "It is over already." in text) == (True, True)


def test_ticked_alerts_are_resolved_together(boss, alert):
    boss.post(LIST, {"action": "resolve_ticked", "_selected_action": [str(alert.pk)], **SURE, "resolution": "help_sent"})

    assert Alert.objects.values_list("status", "resolution").get() == (AlertStatus.RESOLVED, Resolution.HELP_SENT)


def test_a_closed_alert_offers_only_the_comment(boss, alert):
    lifecycle.resolve(alert, by=None, at=timezone.now())

    body = boss.get(page(alert)).content.decode()

    assert [f"/{action}/" in body for action in ("acknowledge", "resolve", "escalate", "comment")] == [False, False, False, True]


def test_whom_an_alert_was_told_to_is_on_its_page(boss, alert):
    Notification.objects.create(
        key="n", thread=alert.thread, recipient=make_recipient("Jules Petit"), reason="first", created_at=timezone.now()
    ).deliveries.create(transport="email", status="dead", queued_at=timezone.now(), error="mailbox unavailable", attempts=3)

    body = boss.get(page(alert)).content.decode()

    assert [word in body for word in ("Jules Petit", "Gave up", "mailbox unavailable", "3 attempts")] == [True] * 4
