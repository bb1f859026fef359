"""A large scan is shared among processes: which agents each has, and what happens when one of them is gone."""

import multiprocessing
import threading

import pytest
from django.db import connection, transaction

from backups import sharing
from backups.models import BackupEntry, ExpectedBackupJob, Scan
from backups.parts import Done
from tests.backups.factories import make_sources
from tests.backups.farm import AT, Farm, expect, verdicts
from tests.backups.test_scans_killed import until

AGENTS, REPORTS = 5, 9


def test_each_share_has_about_as_many_reports():
    waiting = {"none": 0, "most": 30} | {f"agent{number}": 10 for number in range(6)}

    shares = sharing.split(waiting, reports=40, processes=3)

    assert sorted(sum(waiting[agent] for agent in share) for share in shares) == [30, 30, 30]
    assert sorted(agent for share in shares for agent in share) == sorted(waiting.keys() - {"none"})


@pytest.mark.parametrize(("waiting", "processes"), [({"a": 5, "b": 5}, 3), ({"a": 500}, 3), ({}, 3), ({"a": 50, "b": 50}, 1)])
def test_a_small_scan_is_not_shared_and_no_agent_is(waiting, processes):
    assert len(sharing.split(waiting, reports=40, processes=processes)) == 1


def test_who_is_ready_long_before_the_others_does_not_hide_how_far_they_are():
    said, beside = [], []
    few, many = [("collect", 1, None), Done({"databases": 3}, {})], [("verify", 5, 90), ("verify", 7, 90), Done({"databases": 90}, {})]
    for name, tells in (("a", few), ("b", many)):
        answers, answering = multiprocessing.Pipe(duplex=False)
        beside.append(sharing._Beside(frozenset(name), None, answers))
        for each in tells:
            answering.send(each)
        answering.close()

    sharing._listen(beside, lambda *far: said.append(far))

    assert said[-1] == ("verify", 10, 93)


@pytest.fixture
def farm(tmp_path, settings):
    make_sources()
    farm = Farm(tmp_path, settings)
    for agent in range(AGENTS):
        for number in range(REPORTS):
            name = f"base{agent}-{number}"
            expect(name, agent=f"ACME_{agent}", final_storage_path_template="{filename}")
            farm.good(name, b"of %d" % agent * 99, agent=f"ACME_{agent}", staged=f"same-{agent % 2}-{number}.gz")
    return farm


def whole(farm):
    """Every job has its success and a file of its own in the store, whose name others wanted as well; and every report is put away."""
    wanted = sorted((f"base{agent}-{number}", "success") for agent in range(AGENTS) for number in range(REPORTS))
    stored = dict(BackupEntry.objects.values_list("expected_job__database_name", "stored_path"))
    bodies = farm.stored()
    assert verdicts() == wanted
    assert {name: bodies[path] for name, path in stored.items()} == {name: b"of %d" % int(name[4]) * 99 for name, _ in wanted}
    assert [farm.waiting(f"ACME_{agent}") for agent in range(AGENTS)] == [[]] * AGENTS


@pytest.mark.django_db(transaction=True)
def test_what_processes_do_together_is_what_one_would_do(farm):
    counts = farm.scan()

    whole(farm)
    assert (counts["success"], counts["reports"], counts["archived"]) == (AGENTS * REPORTS,) * 3
    assert set(ExpectedBackupJob.objects.values_list("last_checked_at_utc", flat=True)) == {AT}


@pytest.mark.django_db(transaction=True)
def test_what_killed_processes_left_is_done_by_the_scan(farm):
    def scan():
        try:
            farm.scan()
        finally:
            connection.close()

    with transaction.atomic():
        list(ExpectedBackupJob.objects.select_for_update().order_by("pk"))
        thread = threading.Thread(target=scan)
        thread.start()
        until(farm.stored, "files in the store, and no verdict")
        for beside in multiprocessing.active_children()[:2]:
            beside.kill()
            beside.join()
    thread.join()

    whole(farm)
    assert (Scan.objects.get().error, multiprocessing.active_children()) == ("", [])
