"""Scans in processes of their own."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from backups import launch, scanner, scans
from backups.models import Scan
from tests.backups.factories import make_sources
from tests.backups.farm import AT, Farm, expect, verdicts
from tests.web import ROOT, environment


@pytest.fixture
def farm(tmp_path, settings):
    return Farm(tmp_path, settings)


@pytest.mark.django_db(transaction=True)
def test_the_command_scans_and_prints_the_counts(farm):
    make_sources()
    expect()
    farm.good(at=timezone.now())
    places = {f"SENTINEL_BACKUP_{name}": str(farm.deposit.parent / name.lower()) for name in ("DEPOSIT", "STORE", "QUARANTINE")}
    command = [sys.executable, str(ROOT / "manage.py"), "scan_backups", "--trigger", "hand"]

    done = subprocess.run(command, cwd=ROOT, env=environment(**places), capture_output=True, text=True, check=True, timeout=120)

    assert (json.loads(done.stdout)["reports"], Scan.objects.get().trigger) == (1, "hand")
    assert verdicts() == [("base1", "success")]


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "overdue"), [(None, True), (10, False), (29, False), (31, True)])
def test_after_two_intervals_without_a_scan_one_is_overdue(minutes, overdue):
    expect()
    if minutes is not None:
        Scan.objects.create(trigger="schedule", started_at=AT - timedelta(minutes=minutes), finished_at=AT, progress={"what": "done"})

    assert scans.is_overdue(at=AT) is overdue


@pytest.mark.django_db
def test_a_scan_that_was_only_asked_for_is_none():
    expect()
    scans.request("asked", at=AT)

    assert scans.is_overdue(at=AT)


@pytest.mark.django_db
def test_a_scan_that_takes_hours_is_not_overdue_while_it_lives():
    expect()
    Scan.objects.create(trigger="schedule", started_at=AT - timedelta(hours=3), progress={"what": "verify", "done": 1, "of": 2})

    with scanner.lock() as held:
        assert (held is not None, scans.is_overdue(at=AT)) == (True, False)
    assert scans.is_overdue(at=AT)


@pytest.mark.django_db
def test_the_record_of_a_scan_is_kept_for_a_month_and_one_that_is_asked_for_until_it_is_done():
    def scans_of(what, finished_at):
        rows = [{"trigger": "hand", "started_at": AT - timedelta(days=days), "finished_at": finished_at} for days in (29, 31)]
        return [Scan.objects.create(**row, progress={"what": what}) for row in rows]

    ended, asked = scans_of("done", AT), scans_of("waiting", None)

    running = scans.begin("schedule", at=AT)

    assert set(running.ids) == {each.pk for each in asked}
    assert set(Scan.objects.values_list("pk", flat=True)) == {ended[0].pk, *running.ids}
    assert set(Scan.objects.filter(pk__in=running.ids).values_list("started_at", flat=True)) == {AT}


@pytest.mark.django_db
def test_who_asks_while_one_scans_is_answered_by_one_scan_more(farm):
    """Whatever began the first: that was done once."""
    make_sources()
    asked = []

    def clock():
        if not asked:
            asked.append(None)  # the first has begun, and ...
        elif len(asked) == 1:
            asked.append(scans.request("asked", at=AT))
        return AT

    scanner.run(trigger="schedule", clock=clock)

    assert list(Scan.objects.order_by("pk").values_list("trigger", flat=True)) == ["schedule", "asked"]
    assert set(Scan.objects.values_list("progress__what", flat=True)) == {"done"}


@pytest.mark.django_db
def test_where_no_agent_is_expected_the_watchdog_starts_nothing():
    expect(agent="")

    assert launch.Overdue().start(at=AT) is False


@pytest.mark.django_db(transaction=True)
def test_the_watchdog_starts_one_that_is_overdue_and_not_again_at_once(farm, monkeypatch):
    make_sources()
    expect()
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    watchdogs = launch.Overdue()
    at = timezone.now()

    assert (watchdogs.start(at=at), watchdogs.start(at=at)) == (True, False)

    assert launch.wait() == [0]
    assert Scan.objects.get().trigger == "watchdog"
