"""What backups tell of an alert: the run that was expected, and the verdict with its evidence."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts import story
from alerts.models import Alert
from backups import backup_alerts
from backups.enums import BackupVerdict
from tests.backups.rows import entry, expected
from tests.factories import make_source

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LATER = NIGHT + timedelta(hours=1)


@pytest.fixture
def alert():
    make_source("backups")
    row = entry(
        expected(), NIGHT, BackupVerdict.HASH_MISMATCH, reported_at=NIGHT + timedelta(minutes=20), changed_at=LATER, size_bytes=4096,
        agent_reported_hash_sha256="a" * 64, server_calculated_staged_hash="b" * 64, evidence={"archive": {"readable": False}},
        agent_logs_summary="<b>said</b>",
    )  # fmt: skip
    backup_alerts.tell(row.expected_job, row, at=LATER)
    return Alert.objects.get()


def read(alert, *, may=lambda _: True):
    told = story.read(alert.pk, may=may, at=LATER)
    return [each for each in told.entries if each.kind == "backup"], told.left_out


def test_the_verdict_is_told_with_what_it_rests_on(alert):
    (due, ended, verdict), _ = read(alert)

    facts = {fact.name: fact.value for fact in verdict.facts}
    assert (due.at, due.text) == (NIGHT, "The backup of accounts (ACME_LYON_NORTH) was expected.")
    assert (ended.at, verdict.at) == (NIGHT + timedelta(minutes=20), LATER)
    assert verdict.text == "Verdict on the backup: corrupted. Decided by an agent's report."
    assert (facts["agent_reported_hash_sha256"], facts["server_calculated_staged_hash"]) == ("a" * 64, "b" * 64)
    assert '"readable": false' in verdict.quoted
    assert verdict.quoted.endswith("<b>said</b>")


def test_who_may_not_see_entries_is_told_that_it_is_missing(alert):
    entries, left_out = read(alert, may=lambda permission: permission != "backups.view_backupentry")

    assert (entries, any("entry is left out" in text for text in left_out)) == ([], True)
