"""Over changes of the clocks, ends of months and outages of any length: what is missing is what the calendar says, and no more."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alerts.models import Alert
from backups import entries, expectations, missing, when
from backups.enums import Frequency
from backups.models import BackupEntry
from tests.backups.factories import evidence, make_job, make_sources
from tests.conftest import HOUR

pytestmark = pytest.mark.django_db
CHANGES = (
    ("Europe/Paris", datetime(2026, 3, 28, tzinfo=UTC)), ("Europe/Paris", datetime(2026, 10, 24, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 7, tzinfo=UTC)), ("America/New_York", datetime(2026, 10, 31, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)), ("America/Havana", datetime(2026, 3, 7, tzinfo=UTC)),
    ("UTC", datetime(2026, 2, 27, tzinfo=UTC)), ("Asia/Kathmandu", datetime(2024, 2, 27, tzinfo=UTC)),
)  # fmt: skip
"""A zone, and the day before its clocks change; or the days around an end of February."""
STARTS = st.sampled_from(CHANGES)
MINUTES, HOURS = st.integers(0, 59), st.integers(0, 23)
CRONS = st.one_of(
    st.builds("{} {} * * *".format, MINUTES, HOURS), st.builds("{} {} L * *".format, MINUTES, HOURS),
    st.builds("{} {} 28-31 * *".format, MINUTES, HOURS), st.builds("{} {}-4 * * 1-6".format, MINUTES, st.integers(0, 3)),
)  # fmt: skip
LOOKS = st.lists(st.integers(1, 72), min_size=1, max_size=4).map(sorted)
"""When somebody looks, in hours after the start: between two of them nobody did."""
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example is a story in the database: making a failing one smaller takes longer than reading it."""
LAST = st.sampled_from([28, 30, 31])
FEW = settings(
    max_examples=12, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
"""Each example makes a job of its own and deletes it; the sources are the same for all."""


@pytest.fixture(autouse=True)
def sources():
    make_sources()


def swept(job, looks):
    """What is written as missing after these looks, and the cycles that were told."""
    for at in looks:
        missing.sweep(at=at)
    rows = BackupEntry.objects.filter(expected_job=job).order_by("cycle_at")
    return list(rows.values_list("cycle_at", flat=True)), [row.cycle_at for row in rows if row.alert_id]


@FEW
@given(STARTS, CRONS, LOOKS, st.integers(0, 300))
def test_what_cron_says_is_missing_after_its_grace_once_each(start, cron, hours, grace):
    zone, since = ZoneInfo(start[0]), start[1]
    job = make_job(backup_frequency=Frequency.CRON, cron=cron, timezone=start[0], grace_minutes=grace, at=since)
    looks = [since + hour * HOUR for hour in hours]

    written, told = swept(job, looks)

    slots = (slot.astimezone(UTC) for slot in CronSim(cron, since.astimezone(zone)))
    due = list(takewhile(lambda slot: slot + timedelta(minutes=grace) <= looks[-1], slots))
    assert written == sorted(set(due))
    assert told == sorted({max(past) for at in looks if (past := [each for each in due if each + timedelta(minutes=grace) <= at])})
    job.delete()


@FEW
@given(
    STARTS, st.sampled_from([Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY]), HOURS, MINUTES, LOOKS, st.sampled_from([28, 30, 31])
)
def test_a_calendar_that_is_looked_at_late_misses_neither_a_day_nor_the_end_of_a_month(start, frequency, hour, minute, halves, last_day):
    job = make_job(
        backup_frequency=frequency,
        timezone=start[0],
        expected_hour_utc=hour,
        expected_minute_utc=minute,
        day_of_month=last_day,
        at=start[1],
    )
    looks = [start[1] + timedelta(hours=12 * half) for half in halves]

    written, told = swept(job, looks)

    cycles = expectations.between(when.expectation(job), start[1] + timedelta(microseconds=1), looks[-1])
    assert written == [cycle.expected_at for cycle in cycles if cycle.deadline_at <= looks[-1]]
    assert told[-1:] == written[-1:]
    job.delete()


@FEW
@given(STARTS, CRONS, st.data())
def test_what_is_reported_in_its_time_is_never_missing(start, cron, data):
    job = make_job(backup_frequency=Frequency.CRON, cron=cron, timezone=start[0], at=start[1])
    cycles = expectations.between(when.expectation(job), start[1] + timedelta(microseconds=1), start[1] + timedelta(days=3))

    for number, (cycle, after) in enumerate(pairwise(cycles)):
        until = min(after.opens_at, cycle.deadline_at)
        reported_at = cycle.opens_at + data.draw(st.floats(0, 0.99)) * (until - cycle.opens_at)
        entries.decide(job.pk, evidence(f"{number}", at=reported_at))
        missing.sweep(at=cycle.deadline_at)

    assert not BackupEntry.objects.filter(expected_job=job, status="missing").exists()
    assert not Alert.objects.exists()
    job.delete()
