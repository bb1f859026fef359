from datetime import timedelta

import pytest
from django.db import DEFAULT_DB_ALIAS, connections

from alerts.models import Alert
from sentinel_site import beats, health
from sentinel_site.models import ProcessBeat
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_source, raise_alert

Role = ProcessBeat.Role


@pytest.fixture(autouse=True)
def _fresh():
    health.forget()
    yield
    health.forget()


def alive(*roles: str, at=NOON, since=NOON - HOUR) -> None:
    for role in roles:
        ProcessBeat.objects.create(role=role, instance=f"{role}:1", beat_at=at, started_at=since)


def test_everything_alive_is_ok(db):
    alive("worker", "watchdog", "monitor")

    report = health.report(at=NOON)

    assert report == {
        "status": "ok", "database": "ok", "channel_layer": "ok", "worker": "ok", "watchdog": "ok", "monitor": "ok",
        "oldest_due_seconds": 0, "version": "0.1.0",
    }  # fmt: skip
    assert health.problems(at=NOON) == []


@pytest.mark.parametrize(("role", "seconds"), [("worker", 60), ("watchdog", 15), ("monitor", 30)])
def test_a_role_is_dead_when_its_limit_has_passed(db, role, seconds):
    alive("worker", "watchdog", "monitor", at=NOON + HOUR)
    ProcessBeat.objects.filter(role=role).update(beat_at=NOON + HOUR - seconds * SECOND)

    assert health.dead_roles(at=NOON + HOUR) == frozenset()
    assert health.dead_roles(at=NOON + HOUR + SECOND) == {role}


def test_the_sentence_says_who_since_when_and_what_it_means(db):
    alive("worker", "watchdog")
    alive("monitor", at=NOON - MINUTE)

    assert health.problems(at=NOON) == ["The monitor has given no sign of life since 2026-03-02 11:59:00 UTC. No device is measured."]


def test_one_living_process_of_a_role_is_enough(db):
    alive("worker", "watchdog", "monitor")
    ProcessBeat.objects.create(role="worker", instance="gone:2", beat_at=NOON - HOUR, started_at=NOON - 2 * HOUR)

    assert health.report(at=NOON)["status"] == "ok"


def test_the_worker_has_longer_while_nobody_gives_it_canaries(db):
    alive("worker", at=NOON - 100 * SECOND)
    alive("watchdog", at=NOON - MINUTE)
    alive("monitor")

    assert health.dead_roles(at=NOON) == {"watchdog"}


def test_after_a_night_everyone_has_time_to_start(db):
    alive("worker", "monitor", at=NOON - 8 * HOUR)
    alive("watchdog", since=NOON - 5 * SECOND)

    assert health.dead_roles(at=NOON) == frozenset()
    assert health.report(at=NOON)["worker"] == "dead"


def test_a_step_nobody_takes_is_a_problem(db):
    alive("worker", "watchdog", "monitor")
    make_source()
    raise_alert(at=NOON - 90 * SECOND)
    Alert.objects.get()

    report = health.report(at=NOON)

    assert (report["status"], report["oldest_due_seconds"]) == ("degraded", 90)
    assert health.problems(at=NOON) == ["A step or a message should have gone out 90 seconds ago and has not."]


def test_healthz_is_for_everyone_and_says_503_when_something_is_dead(client, db):
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()["status"], answer.json()["worker"]) == (503, "degraded", "dead")


def test_livez_asks_nobody(client):
    assert client.get("/livez").content == b"ok\n"


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_gone_is_said_and_not_raised():
    alive("worker")
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        with pytest.raises(Exception, match="terminating connection"):
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert health.report(at=NOON)["database"] == "down"
    assert health.problems(at=NOON) == ["The database cannot be reached: nothing can be reported, escalated or sent."]
    connection.close()


def test_a_beat_is_one_row_per_process(db):
    beats.beat(Role.MONITOR, at=NOON)
    beats.beat(Role.MONITOR, at=NOON + MINUTE)

    assert list(ProcessBeat.objects.values_list("role", "instance", "beat_at")) == [("monitor", beats.instance(), NOON + MINUTE)]


def test_pruning_keeps_the_last_sign_of_life_of_every_role(db):
    alive("worker", "monitor", at=NOON - timedelta(days=1))
    ProcessBeat.objects.create(role="worker", instance="b", beat_at=NOON - 2 * HOUR, started_at=NOON - 3 * HOUR)

    beats.prune(at=NOON)

    assert sorted(ProcessBeat.objects.values_list("role", "instance")) == [("monitor", "monitor:1"), ("worker", "b")]
