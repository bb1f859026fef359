"""Deeds done to many rows: what is asked first, who may, what fails alone, and what a worker goes on with."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django_q.models import OrmQ

from alerts import lifecycle
from alerts.models import Alert
from notifications.models import Notification
from sentinel_site import bulk_runs
from sentinel_site.lib import bulk
from sentinel_site.models import ApiKey, BulkRun, ConfigChange
from tests.factories import make_method, make_recipient, make_source, raise_alert
from tests.site.test_admin import sign_in, staff

ALERTS, METHODS, RUNS = "/admin/alerts/alert/", "/admin/notifications/contactmethod/", "/admin/sentinel_site/bulkrun/"
ACKNOWLEDGE = {"action": "acknowledge_ticked", "sure": "1"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def root():
    return User.objects.create_superuser("root")


@pytest.fixture
def boss(root):
    return sign_in(root)


def alerts(count):
    make_source()
    return [raise_alert(at=timezone.now(), title=f"Fall {number}", subject=str(number)) for number in range(count)]


def run_of(deed, rows, *, by, **params):
    at = timezone.now()
    return BulkRun.objects.create(
        deed=deed, params=params, by=by, todo=[str(row) for row in rows], total=len(rows), begun_at=at, moved_at=at
    )  # fmt: skip


def test_it_asks_first_and_names_what_cannot_be_done(boss):
    first, closed = alerts(2)
    lifecycle.expire(closed, at=timezone.now())

    asked = boss.post(ALERTS, {"action": "acknowledge_ticked", "_selected_action": [str(first.pk), str(closed.pk)]}).content.decode()

    assert ("You take them" in asked, "It is over already." in asked, "Acknowledge: 1<" in asked) == (True, True, True)
    assert (Alert.objects.filter(acknowledged_at=None).count(), BulkRun.objects.count()) == (2, 0)


def test_a_few_are_done_at_once_and_stay_on_record(boss, root):
    rows = alerts(2)
    lifecycle.expire(rows[0], at=timezone.now())

    boss.post(ALERTS, ACKNOWLEDGE | {"_selected_action": [str(row.pk) for row in rows], "note": "mine"})

    run = BulkRun.objects.get()
    assert (run.status, run.done, run.failed, run.by, [each["why"] for each in run.failures]) == (
        "done", 2, 1, root, ["It is over already."],
    )  # fmt: skip
    assert "Fall 0" in boss.get(f"{RUNS}{run.pk}/change/").content.decode()


def hidden(page):
    """The fields that the page which asks sends back."""
    return {name: value for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page) if name != "csrfmiddlewaretoken"}


def test_of_a_whole_list_nothing_is_done_to_what_came_after_it_was_asked(boss):
    first, second = alerts(2)
    everything = {"action": "acknowledge_ticked", "select_across": "1", "index": "0", "_selected_action": [str(first.pk)]}
    asked = hidden(boss.post(ALERTS, everything).content.decode())
    late = raise_alert(at=timezone.now(), title="Fall later", subject="later")

    boss.post(ALERTS, asked)
    boss.post(ALERTS, asked | {"last": "'"})

    taken = {alert.pk for alert in Alert.objects.exclude(acknowledged_at=None)}
    assert (taken, late.pk in taken) == ({first.pk, second.pk}, False)


def test_test_messages_are_work_of_the_queue(boss):
    methods = [make_method(make_recipient(f"Robin {name}"), address=f"{name}@example.org") for name in "ab"]

    answer = boss.post(METHODS, {"action": "test_ticked", "sure": "1", "_selected_action": [str(each.pk) for each in methods]})

    run = BulkRun.objects.get()
    assert (answer.headers["Location"], run.status, OrmQ.objects.count()) == (f"{RUNS}{run.pk}/change/", "waiting", 1)
    assert (bulk_runs.work(run.pk), bulk_runs.work(run.pk), Notification.objects.count()) == (True, True, 2)


def test_a_row_that_fails_stops_no_other_and_a_lost_one_is_named(root):
    first, second = alerts(2)
    run = run_of("alerts.resolve_ticked", [first.pk, "0198a000-0000-7000-8000-000000000000", second.pk], by=root, resolution="handled")
    broken = run_of("alerts.resolve_ticked", [first.pk], by=root)

    assert (bulk_runs.work(run.pk), bulk_runs.work(broken.pk)) == (True, True)

    run.refresh_from_db()
    assert (run.status, run.done, run.failed, run.failures[0]["why"]) == ("done", 3, 1, "It is gone.")


def test_a_dropped_run_goes_on_where_it_was(root):
    rows = alerts(3)
    run = run_of("alerts.acknowledge_ticked", [row.pk for row in rows], by=root)
    assert bulk_runs.work(run.pk, budget_seconds=-1) is False
    BulkRun.objects.update(done=1, moved_at=timezone.now() - timedelta(minutes=3))

    bulk_runs.go_on(at=timezone.now())
    bulk_runs.work(run.pk)

    assert (OrmQ.objects.count(), Alert.objects.exclude(acknowledged_at=None).count()) == (1, 2)


@pytest.mark.parametrize(("change", "status"), [({"is_superuser": False}, "refused"), ({"is_active": False}, "refused")])
def test_who_lost_the_right_meanwhile_does_nothing_more(root, change, status):
    (alert,) = alerts(1)
    run = run_of("alerts.acknowledge_ticked", [alert.pk], by=root)
    User.objects.update(**change)

    bulk_runs.work(run.pk)

    assert (BulkRun.objects.get().status, Alert.objects.get().acknowledged_at) == (status, None)


def test_a_stopped_run_does_nothing_more(boss, root):
    (alert,) = alerts(1)
    run = run_of("alerts.acknowledge_ticked", [alert.pk], by=root)

    got, posted = boss.get(f"{RUNS}{run.pk}/stop/"), boss.post(f"{RUNS}{run.pk}/stop/")
    bulk_runs.work(run.pk)

    assert (got.status_code, posted.status_code, BulkRun.objects.get().status, Alert.objects.get().acknowledged_at) == (
        405, 302, "cancelled", None,
    )  # fmt: skip


def test_nobody_sees_or_stops_the_runs_of_others(root):
    run = run_of("alerts.acknowledge_ticked", [], by=root)
    other = sign_in(staff("view_alert", "answer_alert"))

    codes = [other.get(f"{RUNS}{run.pk}/change/").status_code, other.get(f"{RUNS}{run.pk}/live/").status_code,
             other.post(f"{RUNS}{run.pk}/stop/").status_code]  # fmt: skip

    assert (codes, str(run.pk) in other.get(RUNS).content.decode()) == ([404] * 3, False)


@pytest.mark.parametrize("said", [ACKNOWLEDGE, {"action": "resolve_ticked", "sure": "1", "resolution": "handled"}])
def test_nothing_is_done_without_the_right(said):
    (alert,) = alerts(1)

    sign_in(staff("view_alert")).post(ALERTS, said | {"_selected_action": [str(alert.pk)]})

    assert (Alert.objects.get().status, BulkRun.objects.count()) == ("PENDING", 0)


def test_only_what_the_form_offers_is_taken(boss):
    (alert,) = alerts(1)

    boss.post(ALERTS, {"action": "resolve_ticked", "sure": "1", "resolution": "auto", "_selected_action": [str(alert.pk)]})

    assert (Alert.objects.get().status, BulkRun.objects.count()) == ("PENDING", 0)


def test_the_history_of_changes_names_who_began_it(root):
    key, _text = ApiKey.issue(user=root, name="probe")

    bulk_runs.work(run_of("sentinel_site.revoke_ticked", [key.pk], by=root).pk)

    assert (ConfigChange.objects.get().by, ApiKey.objects.get().revoked_at is None) == (root, False)


def test_every_deed_is_found_again_by_its_name():
    names = [deed.name for app in ("alerts", "notifications", "devices", "backups", "jobs", "sentinel_site")
             for deed in __import__(f"{app}.bulk_deeds", fromlist=["DEEDS"]).DEEDS]  # fmt: skip

    assert [bulk.find(name).name for name in names] == names
    with pytest.raises(LookupError):
        bulk.find("os.system")
