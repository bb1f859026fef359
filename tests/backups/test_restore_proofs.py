"""A backup that nobody has restored for too long is told once, and a proved restore ends it."""

import pytest

from alerts import lifecycle
from alerts.models import Alert
from backups import restore_proofs
from backups.models import ExpectedBackupJob
from tests.backups.factories import DAY, make_job, make_sources
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def job():
    make_sources()
    job = make_job(restore_proof_days=30)
    ExpectedBackupJob.objects.update(created_at=NOON)
    return job


def prove(job, at, *, succeeded=True, detail=""):
    job.restore_proofs.create(restored_at=at, succeeded=succeeded, detail=detail)


def alerts():
    return list(Alert.objects.order_by("number").values_list("type", "severity", "status", "resolution"))


def test_it_is_told_once_when_the_days_are_over_and_ends_with_a_proof(job):
    assert [restore_proofs.sweep(at=NOON + n * DAY) for n in (30, 31, 32)] == [0, 1, 0]

    prove(job, NOON + 33 * DAY)
    restore_proofs.sweep(at=NOON + 33 * DAY)

    assert alerts() == [("backup-suspicious", "medium", "RESOLVED", "recovered")]


def test_the_days_count_from_the_last_proof(job):
    prove(job, NOON + 20 * DAY)

    assert [restore_proofs.sweep(at=NOON + n * DAY) for n in (31, 51)] == [0, 1]


def test_an_attempt_that_failed_proves_nothing_and_is_told(job):
    prove(job, NOON + 20 * DAY, succeeded=False, detail="pg_restore: unsupported version")

    assert restore_proofs.sweep(at=NOON + 31 * DAY) == 1
    assert "pg_restore: unsupported version" in Alert.objects.get().description


def test_whoever_closes_it_without_a_proof_is_left_alone_for_a_week(job, user):
    restore_proofs.sweep(at=NOON + 31 * DAY)
    lifecycle.resolve(Alert.objects.get(), by=user, at=NOON + 31 * DAY)

    assert [restore_proofs.sweep(at=NOON + n * DAY) for n in (32, 37, 39)] == [0, 0, 1]


def test_without_days_nothing_is_asked_and_what_was_is_over(job):
    restore_proofs.sweep(at=NOON + 31 * DAY)

    ExpectedBackupJob.objects.update(restore_proof_days=None)
    restore_proofs.sweep(at=NOON + 32 * DAY)

    assert alerts() == [("backup-suspicious", "medium", "RESOLVED", "auto")]
