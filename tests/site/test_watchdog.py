"""The clock of the house, running in a thread on a real database."""

import threading
import time
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone

from alerts import intake, lifecycle, subscriptions
from alerts.models import Subscription
from backups.models import BackupEntry
from notifications.models import Delivery, Notification
from sentinel_site.models import ProcessBeat
from sentinel_site.watchdog import Watchdog, rest_seconds
from tests.backups.factories import make_job, make_sources
from tests.conftest import MINUTE, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert, report
from tests.providers import Provider

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def until(condition, seconds=60):
    """Wait for ``condition``; fails when it does not come true in time."""
    tick = threading.Event()
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("did not come true in time")
        tick.wait(0.05)


@contextmanager
def running():
    """A watchdog, which ends whatever becomes of the test, and has then given back its connections."""
    dog = Watchdog()
    thread = threading.Thread(target=dog.run)
    thread.start()
    try:
        yield dog
    finally:
        dog.stop()
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture
def watchdog(settings, tmp_path):
    settings.DATA_DIR = tmp_path  # mail is written here
    with running() as dog:
        yield dog


def test_a_report_is_sent_and_its_next_step_follows_in_time(watchdog):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 2, min_gap_seconds=1))

    raise_alert(at=timezone.now())

    until(lambda: Delivery.objects.filter(status="sent").count() == 2)
    assert list(Notification.objects.order_by("id").values_list("reason", flat=True)) == ["first", "reminder"]


def test_nothing_is_sent_after_the_acknowledgement(watchdog):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 1, 2, 3, min_gap_seconds=1))
    alert = raise_alert(at=timezone.now())
    until(lambda: Delivery.objects.filter(status="sent").exists())

    lifecycle.acknowledge(alert, by=None, at=timezone.now())
    before = set(Delivery.objects.values_list("id", flat=True))
    other = raise_alert(at=timezone.now(), subject="later")

    until(lambda: Delivery.objects.filter(notification__thread=other.thread, status="sent").count() == 4)
    assert set(Delivery.objects.filter(notification__thread=alert.thread).values_list("id", flat=True)) <= before


def test_two_watchdogs_share_the_work_and_send_nothing_twice(watchdog, settings):
    settings.SENTINEL_STORM_MESSAGES = 0
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())

    with running():
        intake.accept([report(subject=str(n)) for n in range(60)], at=timezone.now())

        until(lambda: Delivery.objects.filter(status="sent").count() == 60)

    assert (Delivery.objects.count(), Notification.objects.count(), Delivery.objects.filter(attempts=1).count()) == (60, 60, 60)


@pytest.mark.parametrize(("late", "next_in", "least", "most"), [(1, 0.5, 0, 0.5), (1, 60, 1, 1), (0, 0.5, 0, 0.5), (0, 60, 4, 5)])
def test_what_cannot_be_sent_now_delays_nothing_that_is_due_soon(late, next_in, least, most):
    at = timezone.now()

    assert least <= rest_seconds([*[at - MINUTE] * late, at + next_in * SECOND], at=at) <= most


def test_it_beats(watchdog):
    until(lambda: ProcessBeat.objects.filter(role="watchdog").exists())


@pytest.fixture
def overdue():
    make_recipient(groups=["oncall"])
    make_sources()
    return make_job(period_seconds=60, grace_minutes=0, at=timezone.now() - MINUTE)


def test_a_backup_that_nobody_reports_is_told(overdue, watchdog):
    until(lambda: Delivery.objects.filter(status="sent").exists(), seconds=60)

    assert BackupEntry.objects.get().status == "missing"


def test_a_fault_of_backups_delays_no_call(watchdog, caplog):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE backups_expectedbackupjob RENAME TO taken_away")
    try:
        make_recipient(groups=["oncall"])
        make_source(policy=make_policy("Calls", 0, 1, min_gap_seconds=1))
        raise_alert(at=timezone.now())
        until(lambda: Delivery.objects.filter(status="sent").count() == 2)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE taken_away RENAME TO backups_expectedbackupjob")


def test_subscribers_are_told_at_once(watchdog, settings):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    make_source(policy=make_policy())
    with Provider() as receiver:
        subscriptions.save(Subscription(name="Wall", url=receiver.url))
        with transaction.atomic():  # or the watchdog finds between them that nobody is called
            lifecycle.resolve(raise_alert(at=timezone.now()), by=None, at=timezone.now())

        until(lambda: len(receiver.accepted) == 2)
        assert [each.json["type"] for each in receiver.accepted] == ["org.sentinel.alert.fired", "org.sentinel.alert.resolved"]
