"""S33 and S22: no report keeps whoever reads it busy, and none of them stops the scan of all the others."""

import time
from contextlib import suppress

import pytest

from backups import reports
from backups.enums import BackupVerdict
from tests.backups.factories import make_sources
from tests.backups.farm import Farm, database, entry, expect

QUOTES = {
    "never closed": b'{"a": ' + b'\\"' * 200_000, "lines": b'{"a": ' + b'\\"\n' * 200_000, "odd": b'{"a" ' + b'"' * 400_001,
    "commas": b"{" + b", " * 200_000, "slashes": b"{" + b"/" * 400_000,
}  # fmt: skip
BASES = "Europe/Paris", "America/New_York", "Asia/Tokyo", "UTC"


@pytest.mark.parametrize("name", QUOTES)
def test_the_worst_report_is_refused_at_once(name):
    begun = time.thread_time()

    with suppress(reports.UnreadableReportError):
        reports.read(QUOTES[name])

    assert time.thread_time() - begun < 5  # one that is looked at again from each quote on takes hours


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "1066-10-14T09:00:00Z"])
def test_a_time_that_no_calendar_has_stops_no_scan(tmp_path, settings, moment):
    make_sources()
    farm = Farm(tmp_path, settings)
    bad = [expect(f"bad{number}", timezone=zone, backup_frequency=often) for number, (zone, often) in enumerate(
        (zone, often) for zone in BASES for often in ("daily", "hourly"))]  # fmt: skip
    good, stage = expect(), {"start_time": moment, "end_time": moment}
    farm.good()
    farm.reported(*[database(job.database_name) for job in bad], name="1.json", operation_end_time=moment)
    farm.reported(*[database(job.database_name, BACKUP=stage, TRANSFER=stage) for job in bad], name="2.json")

    farm.scan()

    assert (entry(good).status, farm.waiting()) == (BackupVerdict.SUCCESS, [])
