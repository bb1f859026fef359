"""A large scan is shared among processes: which agents each has, and what happens when one of them is gone."""

import multiprocessing
import os
import threading
from contextlib import ExitStack, contextmanager
from itertools import chain

import pytest
from django.db import connection, transaction

from backups import deposit, promotion, sharing
from backups.models import BackupEntry, ExpectedBackupJob, Scan
from tests.backups.factories import make_sources
from tests.backups.farm import AT, Farm, expect, verdicts
from tests.backups.test_scans_killed import free, until

AGENTS, REPORTS = 5, 9


@pytest.mark.parametrize(("agents", "reports", "many"), [(3, 2, True), (3, 1, False), (0, 0, False), (1, 9, True)])
def test_a_deposit_with_many_reports_is_known_before_all_of_them_are_read(tmp_path, agents, reports, many):
    for agent in range(agents):
        (tmp_path / f"Agent_{agent}" / "log").mkdir(parents=True)
        for report in range(reports):
            (tmp_path / f"Agent_{agent}" / "log" / f"{report}.JSON").touch()
    (tmp_path / "no_log").mkdir()
    (tmp_path / ".rest" / "other").mkdir(parents=True)
    (tmp_path / ".rest" / "agent_0").mkdir()

    with deposit.root(tmp_path) as root:
        places = deposit.places(root)
        found = deposit.are_many(root, list(chain.from_iterable(places.values())), reports=6)

    assert found == many
    assert places == {
        **{f"agent_{agent}": [(f"Agent_{agent}", "log")] for agent in range(agents)}, "no_log": [("no_log", "log")],
        "other": [(".rest", "other")], "agent_0": [("Agent_0", "log"), (".rest", "agent_0")][not agents :],
    }  # fmt: skip


@pytest.mark.parametrize("agents", [2, 3, 7, 49, 50, 51, 400, 12_345])
def test_shares_are_large_at_first_and_small_in_the_end(agents):
    places = [[(f"agent{number}", "log"), (".rest", f"agent{number}")] for number in range(agents)]

    shares = list(sharing._cut(places))

    sizes = [len(share) for share in shares]
    assert list(chain.from_iterable(shares)) == places
    assert sizes[0] <= max(1, agents // 4)
    assert sizes[-1] <= -(-agents // 20)
    assert sizes[:-1] == sorted(sizes[:-1], reverse=True)
    assert len(shares) <= 20


def test_each_share_is_for_one_of_the_processes_that_ask():
    agents = [[(f"agent{number}", "log")] for number in range(400)]
    with sharing._Shares(agents) as shares:
        fork = multiprocessing.get_context("fork")
        queue = fork.SimpleQueue()
        process = fork.Process(target=lambda: queue.put([next(iter(shares)), next(iter(shares))]))
        process.start()
        theirs = queue.get()
        process.join()
        ours = list(shares)

        assert list(chain.from_iterable([*theirs, *ours])) == agents
        assert shares.of_others() == theirs
        assert list(shares) == []


@pytest.mark.parametrize(("far", "together"), [
    ([("collect", 3, None), ("collect", 4, None)], ("collect", 7, None)),
    ([("collect", 3, None), ("verify", 4, 90)], ("verify", 4, None)),
    ([("verify", 3, None), ("verify", 4, 90)], ("verify", 7, None)),
    ([("verify", 3, 3), ("verify", 7, 90)], ("verify", 10, 93)),
])  # fmt: skip
def test_how_far_all_are_together(far, together):
    assert sharing._sum(far) == together


def test_what_one_process_says_of_itself_the_other_can_read():
    shown = sharing._Shown()
    assert shown.read() == ("collect", 0, None)

    for far in [("collect", 7, None), ("verify", 7, None), ("verify", 7, 90), ("verify", 0, 0)]:
        process = multiprocessing.get_context("fork").Process(target=shown, args=far)
        process.start()
        process.join()

        assert shown.read() == far


def test_two_who_list_one_folder_do_not_take_names_from_each_other(tmp_path):
    names = {f"agent-{number:04}" for number in range(3000)}
    for name in names:
        (tmp_path / name).mkdir()
    with deposit.root(tmp_path) as folder, folder.again() as other, os.scandir(folder.fd) as listing:
        some = {next(listing).name for _ in range(10)}
        assert set(other.names()) == names
        assert {each.name for each in listing} == names - some


@pytest.fixture
def farm(tmp_path, settings):
    make_sources()
    settings.SENTINEL_SCAN_PROCESSES = 3
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
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_what_processes_do_together_is_what_one_would_do(farm, settings, processes):
    settings.SENTINEL_SCAN_PROCESSES = processes

    counts = farm.scan()

    whole(farm)
    assert (counts["success"], counts["reports"], counts["archived"]) == (AGENTS * REPORTS,) * 3
    assert set(ExpectedBackupJob.objects.values_list("last_checked_at_utc", flat=True)) == {AT}


@contextmanager
def scanning(farm):
    """A scan in a thread, from here on; what made it fail is in the list. It has ended when the block is left."""
    failed = []

    def scan():
        try:
            farm.scan()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=scan)
    thread.start()
    try:
        yield failed
    finally:  # or it would go on in the next test
        thread.join(120)
    assert not thread.is_alive()


@pytest.fixture
def stuck(farm):
    """A scan whose processes wait for the jobs, or for who waits for them. Leave the block, and they go on."""

    @contextmanager
    def scans():
        with ExitStack() as stack, transaction.atomic():
            list(ExpectedBackupJob.objects.select_for_update().order_by("pk"))
            failed = stack.enter_context(scanning(farm))
            until(lambda: waiting() and multiprocessing.active_children(), "one of them at the jobs, the other at its turn")
            yield failed

    return scans


def waiting():
    """The sessions of PostgreSQL that wait for a row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # this transaction would see what it saw first
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return [pid for (pid,) in cursor.fetchall()]


def asking_for_their_turn():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = %s",
            [f"SELECT pg_try_advisory_lock({promotion.TURN})"],
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_all_wait_for_their_turn_as_long_as_it_takes(farm):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [promotion.TURN])
        with scanning(farm) as failed:
            try:
                until(asking_for_their_turn, "whoever came to it")  # on a busy machine one of them may have taken all
                assert verdicts() == []
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [promotion.TURN])

    assert failed == []
    whole(farm)


def cut_off():
    with connection.cursor() as cursor:
        for pid in waiting():
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("killed", [1, 2])
def test_what_a_killed_process_left_is_done_by_the_scan(farm, stuck, killed):
    with stuck() as failed:
        for beside in multiprocessing.active_children()[:killed]:
            beside.kill()
            beside.join()

    whole(farm)
    assert (failed, Scan.objects.get().error, multiprocessing.active_children()) == ([], "", [])


@pytest.mark.django_db(transaction=True)
def test_what_fails_in_either_process_fails_the_scan_and_the_next_one_makes_it_good(farm, stuck):
    with stuck() as failed:
        until(lambda: failed or cut_off(), "the scan's end")

    assert (len(failed), multiprocessing.active_children()) == (1, [])
    assert Scan.objects.get().error
    free()

    farm.scan()
    whole(farm)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_lost_while_it_has_its_turn_fails_the_scan(farm, settings):
    """Another connection has no turn: somebody else may be putting files into the same places."""
    settings.SENTINEL_SCAN_PROCESSES = 1
    with transaction.atomic():
        list(ExpectedBackupJob.objects.select_for_update().order_by("pk"))
        with scanning(farm) as failed:
            (pid,) = until(waiting, "the scan at the jobs")
            cut_off()
            until(lambda: failed or set(waiting()) - {pid}, "the end of the scan, or its second try")
            assert failed

    assert verdicts() == []
    farm.scan()
    whole(farm)


@pytest.mark.django_db(transaction=True)
def test_the_scan_of_many_agents_finds_each_report_once(tmp_path, settings):
    """All processes look into the deposit at the same time."""
    make_sources()
    settings.SENTINEL_SCAN_PROCESSES = 3
    farm = Farm(tmp_path, settings)
    for agent in range(400):
        (farm.deposit / f"IDLE_{agent}" / "log").mkdir(parents=True)
    for agent in range(60):
        farm.log({"agent_id": f"BUSY_{agent}", "operation_end_time": "2099-06-01T11:00:00Z", "databases": {"a": {}}}, agent=f"BUSY_{agent}")

    for _ in range(5):
        counts = farm.scan()
        assert (counts["reports"], counts["unexpected"], counts["archived"]) == (60, 60, 60)
        for agent in range(60):
            (farm.deposit / f"BUSY_{agent}" / "log" / "_archive" / "20990601_113000_ACME.json").rename(
                farm.deposit / f"BUSY_{agent}" / "log" / "20990601_113000_ACME.json"
            )
