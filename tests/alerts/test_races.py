"""Many clients at once, on the real database: status never goes back, and each thing happens once."""

import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections

from alerts import escalation, intake, lifecycle
from alerts.enums import AlertStatus, LogKind
from alerts.errors import IllegalTransition
from alerts.models import Alert, AlertEvent, Report, StepClaim
from notifications.models import Delivery
from tests.conftest import MINUTE, NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert, report

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ORDER = [AlertStatus.PENDING, AlertStatus.DELIVERED, AlertStatus.SEEN, AlertStatus.ACKNOWLEDGED, AlertStatus.RESOLVED]
ROUNDS = 200


@pytest.fixture
def together():
    """Call functions at the same time, each on a connection of its own, and return what they returned."""
    pool = ThreadPoolExecutor(8)

    def closing(call):
        try:
            return call()
        finally:
            connections.close_all()

    yield lambda *calls: list(pool.map(closing, calls))
    pool.shutdown()


def attempt(move, alert, **keywords):
    """Try one move; what is refused is refused."""
    try:
        return move(alert, at=NOON, **keywords)
    except IllegalTransition:
        return None


def test_status_never_goes_back_whoever_comes_first(together):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    people = [User.objects.create_user(name) for name in ("ada", "ben", "cleo")]
    dice = random.Random(42)
    for turn in range(ROUNDS):
        alert = raise_alert(at=NOON, subject=str(turn))
        moves = [partial(attempt, lifecycle.mark_delivered, alert, by=None), partial(attempt, lifecycle.mark_seen, alert, by=people[0])]
        moves += [partial(attempt, lifecycle.acknowledge, alert, by=who) for who in people]
        moves += [partial(attempt, lifecycle.resolve, alert, by=people[1])] if turn % 2 else []
        dice.shuffle(moves)

        together(*moves)

        check_record(alert)


def check_record(alert):
    """One entry a change, in order, one first acknowledger, and the row says what the record says."""
    alert.refresh_from_db()
    changes = [entry.detail for entry in alert.log.filter(kind=LogKind.STATUS).order_by("id")]
    reached = [ORDER.index(change["to"]) for change in changes]
    assert reached == sorted(set(reached))
    assert [change["from"] for change in changes] == ["PENDING", *(change["to"] for change in changes[:-1])]
    assert alert.status == changes[-1]["to"]
    acknowledged = alert.log.filter(kind=LogKind.STATUS, detail__to="ACKNOWLEDGED")
    assert [entry.actor for entry in acknowledged] == ([alert.acknowledged_by] if alert.acknowledged_by else [])


def test_reports_of_one_alert_from_many_clients_are_one_alert(together):
    make_source()
    batches = [[report(subject=str((n * 7 + shift) % 40)) for n in range(40)] for shift in range(24)]

    together(*(lambda batch=batch: intake.accept(batch, at=NOON) for batch in batches))

    assert Alert.objects.count() == 40
    assert sum(Alert.objects.values_list("occurrences", flat=True)) == Report.objects.count() == 24 * 40
    ids = list(AlertEvent.objects.values_list("id", flat=True))
    assert ids == list(range(ids[0], ids[0] + len(ids)))


def test_concurrent_sweeps_take_each_step_once(together, settings):
    settings.SENTINEL_STORM_MESSAGES = 0
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    intake.accept([report(subject=str(n)) for n in range(300)], at=NOON)

    taken = together(*(lambda: sum(iter(lambda: escalation.advance_due(at=NOON, limit=20), 0)) for _ in range(6)))

    assert sum(taken) == 300
    assert (StepClaim.objects.count(), Delivery.objects.count()) == (300, 300)


def test_a_step_another_runner_holds_is_left_to_it(together):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    alert = raise_alert(at=NOON)

    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT id FROM alerts_alert WHERE id = %s FOR UPDATE", [alert.pk])
        taken = together(lambda: escalation.advance_due(at=NOON))
        cursor.execute("ROLLBACK")

    assert taken == [0]
    assert escalation.advance_due(at=NOON) == 1


def test_an_acknowledgement_and_a_step_exclude_each_other(together):
    """Whoever wins: after the acknowledgement nothing waits to be sent."""
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 60))
    for turn in range(40):
        alert = raise_alert(at=NOON, subject=str(turn))

        together(lambda: escalation.advance_due(at=NOON + MINUTE), lambda alert=alert: lifecycle.acknowledge(alert, by=None, at=NOON))

        alert.refresh_from_db()
        assert alert.next_step_at is None
        assert not Delivery.objects.filter(notification__thread=alert.thread, status__in=["queued", "failed"]).exists()
