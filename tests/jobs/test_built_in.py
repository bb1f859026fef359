"""Sentinel's own periodic work is there as jobs."""

import pytest

from jobs import built_in
from jobs.models import Job
from sentinel_site.lib import cron, registry
from tests.conftest import HOUR, NOON

pytestmark = pytest.mark.django_db


def test_everything_that_says_how_often_becomes_a_job():
    built_in.make(at=NOON)

    made = dict(Job.objects.filter(built_in=True).values_list("callable", "cron"))
    assert made == {each.name: each.every for each in registry.load().values() if each.every}
    assert {"alerts.retention", "alerts.reachability", "devices.retention", "notifications.proofs", "sentinel.tidy"} <= set(made)
    assert not Job.objects.filter(next_run_at=None).exists()


def test_what_was_edited_stays_edited():
    built_in.make(at=NOON)
    Job.objects.filter(callable="sentinel.tidy").update(cron="0 5 * * *", name="Ours")
    Job.objects.filter(callable="alerts.retention").update(enabled=False)

    built_in.make(at=NOON + HOUR)

    assert Job.objects.get(callable="sentinel.tidy").name == "Ours"
    assert not Job.objects.get(callable="alerts.retention").enabled


def test_what_nobody_offers_any_more_is_switched_off():
    gone = Job.objects.create(slug="gone", name="Gone", kind="callable", callable="gone.away", built_in=True, cron="* * * * *")

    built_in.make(at=NOON)

    gone.refresh_from_db()
    assert (gone.enabled, gone.next_run_at) == (False, None)


def test_every_offer_has_a_schedule_that_can_be_read():
    for declared in registry.load().values():
        if declared.every:
            cron.check(declared.every)
