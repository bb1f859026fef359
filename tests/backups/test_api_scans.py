"""Reports and scans by REST."""

import json

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from backups import scans
from backups.models import BackupEntry, Scan
from tests.backups.factories import make_sources
from tests.backups.farm import AGENT, AT, Farm, database, entry, expect, report
from tests.callers import make_caller
from tests.conftest import HOUR

pytestmark = pytest.mark.django_db


@pytest.fixture
def farm(tmp_path, settings):
    make_sources()
    return Farm(tmp_path, settings)


@pytest.fixture
def agent():
    return make_caller("backups.add_backupentry", name="agent")


@pytest.fixture
def operator():
    return make_caller("backups.add_scan", "backups.view_scan", name="operator")


def now_report(*databases, **fields):
    return report(*databases, at=timezone.now(), **fields)


def test_a_report_by_rest_is_kept_and_judged_by_the_scan_it_asks_for(farm, agent):
    job = expect()
    farm.stage()

    answer = agent.send("/backups/reports", now_report())

    assert (answer.status_code, answer.json()["databases"]) == (202, {"base1": {"agent_says": "ok", "staged_file_name": "base1.sql.gz"}})
    assert (OrmQ.objects.count(), Scan.objects.get().progress) == (1, {"what": "waiting"})
    farm.scan(timezone.now())
    found = entry(job)
    assert (found.status, found.reported_by, bool(found.stored_path)) == ("success", "rest", True)
    assert Scan.objects.get(pk=answer.json()["scan"]).counts["success"] == 1


def test_the_same_report_again_is_one_report(farm, agent):
    job = expect()
    farm.stage()
    body = json.dumps(now_report()).encode()

    first, second = agent.send("/backups/reports", body), agent.send("/backups/reports", body)
    farm.scan(timezone.now())
    agent.send("/backups/reports", body)
    farm.scan(timezone.now())

    assert (first.json()["report"], entry(job).reports) == (second.json()["report"], 1)


def test_an_agent_without_a_folder_is_taken_at_its_word_and_that_is_said(farm, agent):
    job = expect()

    agent.send("/backups/reports", now_report())
    farm.scan(timezone.now())

    found = entry(job)
    assert (found.status, found.evidence["file"], found.stored_path) == ("success", "not here", "")
    assert "the agent's word alone" in found.message


def test_an_agent_with_a_folder_is_held_to_it(farm, agent):
    job = expect()
    farm.stage("another.gz", agent=AGENT.lower())

    agent.send("/backups/reports", now_report())
    farm.scan(timezone.now() + HOUR)

    assert entry(job).status == "transfer_integrity_failed"


def test_a_failure_by_rest(farm, agent):
    job = expect()

    answer = agent.send("/backups/reports", now_report(database(TRANSFER={"status": "False", "error_message": "no route"})))
    farm.scan(timezone.now())

    assert answer.json()["databases"]["base1"]["agent_says"] == "TRANSFER failed; no route"
    assert (entry(job).status, entry(job).agent_transfer_error_message) == ("failed", "no route")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", {"agent_id": "x"}, {"agent_id": "x", "operation_end_time": "2120-01-01T00:00:00Z", "databases": {"a": {}}}],
)
def test_what_is_no_report_is_refused_with_its_reason(farm, agent, body):
    answer = agent.send("/backups/reports", body)

    assert (answer.status_code, bool(answer.json()["errors"])) == (422, True)
    assert not (farm.deposit / ".rest").exists()


@pytest.mark.parametrize("name", ["../../etc", "/etc", "..", "a\x00b", "x" * 5000, "\ud800", "é\n"])
def test_an_agents_name_makes_no_folder_elsewhere(farm, agent, tmp_path, name):
    answer = agent.send("/backups/reports", now_report(agent_id=name))

    assert answer.status_code == 202
    assert {path.name for path in tmp_path.iterdir()} == {"deposit"}
    assert len(list((farm.deposit / ".rest").iterdir())) == 1


def test_a_deposit_that_cannot_be_written_is_said(farm, agent, tmp_path):
    farm.deposit.write_text("a file")

    answer = agent.send("/backups/reports", now_report())

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")


def test_a_scan_is_asked_for_once_and_can_be_watched(farm, operator):
    first, second = operator.send("/backups/scan"), operator.send("/backups/scan")

    shown = operator.read(f"/backups/scans/{first.json()['id']}").json()
    assert (first.status_code, first.json()["id"], shown["progress"]) == (202, second.json()["id"], {"what": "waiting"})
    farm.scan()
    shown = operator.read(f"/backups/scans/{first.json()['id']}").json()
    assert (shown["progress"], shown["error"], shown["finished_at"] is not None) == ({"what": "done"}, "", True)


def test_strangers_may_neither_report_nor_scan_nor_look(farm):
    stranger = make_caller(name="stranger")
    scan = scans.request("asked", at=AT)

    assert stranger.send("/backups/reports", now_report()).status_code == 403
    assert stranger.send("/backups/scan").status_code == 403
    assert stranger.read(f"/backups/scans/{scan.pk}").status_code == 403
    assert BackupEntry.objects.count() == 0
