"""kill -9 of a scan at each of its stages, and at any: the next scan leaves one entry, one file and the right verdict of each."""

import os
import random
import time

import pytest
from django.db import connection, transaction

from alerts.models import Alert
from backups import scans
from backups.models import BackupEntry, ExpectedBackupJob, Scan
from tests.backups.factories import make_sources
from tests.backups.farm import AGENT, Farm, database, expect, report, verdicts
from tests.backups.scanning import Scanners

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
KILLED = 9
JOBS = 12
MANY = 4
"""Agents with so many reports that their scan is shared among processes (sharing.py)."""
BIG = 48 << 20


@pytest.fixture
def farm(tmp_path, settings):
    make_sources()
    return Farm(tmp_path, settings)


@pytest.fixture(scope="module")
def scanners(django_db_setup):
    with Scanners() as scanners:
        yield scanners


def content(number):
    return (b"%d of many\n" % number) * 20_000


def night(farm, *, agents=1):
    """A dozen good backups of each agent, each with a report of its own, and one that was damaged on its way."""
    for number in range(JOBS * agents):
        agent = AGENT + "_B" * (number // JOBS)
        expect(f"base{number:02}", agent=agent)
        farm.good(f"base{number:02}", content(number), agent=agent)
    expect("damaged")
    farm.stage("damaged.gz", content(1))
    farm.reported(database("damaged", content(1), staged="damaged.gz", digest="ab" * 32), name="damaged.json")


def until(condition, what):
    deadline = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(0.0005)
    return found


def free():
    """Wait until PostgreSQL knows that the one that was killed is gone."""
    until(lambda: not scans.is_running(), "the lock of a scan that was killed")


def require_made_good(farm, *, agents=1):
    """One scan later everything is as if nothing had happened."""
    free()
    farm.scan()
    good = range(JOBS * agents)
    assert verdicts() == [*((f"base{number:02}", "success") for number in good), ("damaged", "hash_mismatch")]
    assert farm.stored() == {f"ACME/Paris/2099/base{number:02}/base{number:02}.sql.gz": content(number) for number in good}
    assert (set(BackupEntry.objects.values_list("reports", flat=True)), farm.waiting()) == ({1}, [])
    assert [alert.occurrences for alert in Alert.objects.all()] == [1]
    assert len(list((farm.deposit / AGENT / "log" / "_archive").iterdir())) == JOBS + 1
    assert not Scan.objects.filter(finished_at=None).exists()


def test_killed_while_it_copies(farm, scanners):
    job = expect()
    farm.stage(content=bytes(BIG))
    old = farm.store / "ACME/Paris/2099/base1/base1.sql.gz"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"the version before")
    farm.reported(database(content=bytes(BIG)))

    free()
    pid = scanners.start(farm)
    until(lambda: any(path.stat().st_size for path in (farm.store / ".incoming").glob("*")), "a copy in the making")
    status = scanners.kill(pid)

    assert (status, old.read_bytes(), BackupEntry.objects.count(), len(farm.waiting())) == (KILLED, b"the version before", 0, 1)
    free()
    farm.scan()
    assert (verdicts(), job.entries.get().reports, farm.waiting()) == ([("base1", "success")], 1, [])
    assert {path: len(body) for path, body in farm.stored().items()} == {"ACME/Paris/2099/base1/base1.sql.gz": BIG}


def test_killed_between_the_file_and_its_verdict(farm, scanners):
    night(farm)

    free()
    with transaction.atomic():
        list(ExpectedBackupJob.objects.select_for_update().order_by("pk"))
        pid = scanners.start(farm)
        until(lambda: len(farm.stored()) >= JOBS and blocked(), "files in the store, and no verdict")
        status = scanners.kill(pid)

    assert (status, BackupEntry.objects.count(), len(farm.waiting())) == (KILLED, 0, JOBS + 1)
    require_made_good(farm)


def blocked():
    """Whether somebody waits for a lock of ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return cursor.fetchone()[0]


def test_killed_between_the_verdict_and_the_archive(farm, scanners):
    night(farm)
    log = farm.deposit / AGENT / "log"
    before = {path.name: path.read_bytes() for path in log.glob("*.json")}
    free()
    scanners.start(farm)
    assert scanners.ended() == 0

    for number, (name, body) in enumerate(sorted(before.items())):
        if number % 2:  # as a crash in the middle of putting them away leaves them
            (log / "_archive" / name).unlink()
            (log / name).write_bytes(body)

    require_made_good(farm)


def test_killed_at_any_moment(farm, scanners):
    night(farm, agents=MANY)
    chance = random.Random(5)

    killed, most = 0, 0.05
    for _ in range(10):
        pid = scanners.start(farm)
        time.sleep(chance.random() * most)
        if scanners.kill(pid) == KILLED:
            killed, most = killed + 1, most * 1.5
        elif killed > 3:  # it was whole before it was killed: everything is done
            break

    assert killed
    require_made_good(farm, agents=MANY)


def test_two_scanning_processes_decide_once(farm, scanners):
    night(farm, agents=MANY)
    free()
    scanners.start(farm)
    scanners.start(farm)

    assert (scanners.ended(), scanners.ended()) == (0, 0)
    require_made_good(farm, agents=MANY)


def test_a_report_is_decided_even_when_every_scan_before_was_killed_at_once(farm, scanners):
    job = expect()
    farm.stage()
    farm.log(report())
    for _ in range(3):
        scanners.kill(scanners.start(farm))

    free()
    farm.scan()

    assert (job.entries.get().status, os.listdir(farm.deposit / AGENT / "log")) == ("success", ["_archive"])
