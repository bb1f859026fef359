"""S28: who may only look learns no address to ping at, and so cannot say in a job's name that all is well."""

import pytest

from backups.models import ExpectedBackupJob, UnexpectedDatabase
from tests.callers import make_caller
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
VIEW, CHANGE = "backups.view_expectedbackupjob", "backups.change_expectedbackupjob"


@pytest.mark.parametrize(("permissions", "told"), [((VIEW,), False), ((VIEW, CHANGE), True)])
def test_the_address_of_a_ping_is_for_those_who_may_change_the_job(permissions, told):
    job = ExpectedBackupJob.objects.create(database_name="nightly", period_seconds=3600)
    caller = make_caller(*permissions)

    listed, one = caller.read("/backups/jobs"), caller.read(f"/backups/jobs/{job.pk}")

    shown = {listed.json()["items"][0]["ping_url"], one.json()["ping_url"]}
    assert (shown, str(job.ping_id) in listed.content.decode()) == ({f"http://localhost:8000/ping/{job.ping_id}" if told else ""}, told)


@pytest.mark.parametrize(("more", "told"), [((), False), ((CHANGE,), True)])
def test_expecting_what_is_expected_already_tells_no_address_either(more, told):
    job = ExpectedBackupJob.objects.create(database_name="base1", agent_id_responsible="ACME_PARIS_NORTH")
    found = UnexpectedDatabase.objects.create(agent="ACME_PARIS_NORTH", database_name="base1", first_seen_at=NOON, last_seen_at=NOON)
    caller = make_caller("backups.add_expectedbackupjob", "backups.change_unexpecteddatabase", *more)

    answer = caller.send(f"/backups/unexpected/{found.pk}/expect", {})

    assert (answer.status_code, answer.json()["id"], bool(answer.json()["ping_url"])) == (201, str(job.pk), told)
