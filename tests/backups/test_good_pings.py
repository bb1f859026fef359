"""The short way of a good ping writes what the long way would, and nothing where it does not suffice."""

import threading
from uuid import UUID

import pytest
from django.db import connection

from alerts.models import Alert
from backups import entries, good_pings, pings
from backups.enums import PingKind
from backups.models import BackupEntry, ExpectedBackupJob, Ping
from backups.ping_calls import Became, Call, Target
from tests.backups.factories import DAY, make_job, make_sources
from tests.conftest import HOUR, MINUTE, NOON, SECOND

pytestmark = pytest.mark.django_db
SUCCESS, FAIL, START, LOG = PingKind.SUCCESS, PingKind.FAIL, PingKind.START, PingKind.LOG
ONE, OTHER = UUID(int=1), UUID(int=2)
PINGED = {"period_seconds": 86_400, "reported_by": "ping"}
OWN = {"id", "database_name", "ping_id", "badge_id", "created_at", "updated_at", "agent_id_responsible"}


@pytest.fixture(autouse=True)
def _sources():
    make_sources()
    pings.bursts.forget()


def call(job, kind=SUCCESS, at=NOON, **fields):
    return Call(at=at, target=Target(ping_id=job.ping_id), kind=kind, **fields)


def short(*calls):
    return good_pings.take(list(enumerate(calls)))


def rows(model, job, name):
    found = model.objects.filter(**{name: job}).order_by("pk").values()
    return [{key: value for key, value in row.items() if key not in {*OWN, f"{name}_id", "report_key", "alert_id"}} for row in found]


def written(job):
    return rows(ExpectedBackupJob, job.pk, "pk"), rows(BackupEntry, job, "expected_job"), rows(Ping, job, "job")


@pytest.mark.parametrize("fields", [PINGED, {"cron": "*/5 * * * *", "backup_frequency": "cron", "timezone": "Europe/Paris"}])
@pytest.mark.parametrize(
    ("before", "last"),
    [
        ([], {"head": "done\twith \\ and é\n", "size": 20}),
        ([], {"head": "a" * 5000, "tail": "b" * 5000, "exit_status": 0, "address": "192.0.2.7", "agent": "curl", "method": "HEAD"}),
        ([(START, ONE)], {"rid": ONE}),
        ([(START, ONE)], {"rid": OTHER}),
        ([(START, None)], {}),
        ([(START, None)], {"duration_seconds": 80.5}),
        ([(SUCCESS, None)] * 7, {"duration_seconds": 80.5}),
        ([(START, None), (SUCCESS, None)] * 6, {"rid": OTHER}),
        ([(FAIL, None), (SUCCESS, None)], {}),
    ],
)
def test_both_ways_write_the_same(fields, before, last):
    jobs = make_job("short", **fields), make_job("long", expected_minute_utc=30, agent_id_responsible="OTHER", **fields)
    for job in jobs:
        for number, (kind, rid) in enumerate(before):
            pings.take([call(job, kind, NOON + number * DAY + number * number * SECOND, rid=rid)])
    at = NOON + len(before) * DAY + MINUTE

    (found,) = short(call(jobs[0], at=at, **last))
    entries.decide_many([(jobs[1].pk, good_pings.evidence(each := call(jobs[1], at=at, **last), found))])
    Ping.objects.create(
        job=jobs[1], id=each.id, at=at, kind=found.kind, exit_status=each.exit_status, rid=each.rid, duration_seconds=found.seconds,
        method=each.method, address=each.address, agent=each.agent, body_head=each.head, body_tail=each.tail, body_bytes=each.size,
    )  # fmt: skip

    assert written(jobs[0]) == written(jobs[1])


def test_a_good_ping_is_two_statements(django_assert_num_queries):
    job = make_job(**PINGED)

    with django_assert_num_queries(2):
        assert pings.take([call(job)]) == [Became.TAKEN]
    with django_assert_num_queries(2):
        assert pings.take([call(job, at=NOON + HOUR), call(job, LOG)]) == [Became.TAKEN] * 2

    assert (BackupEntry.objects.count(), Ping.objects.count()) == (2, 3)


@pytest.mark.parametrize(
    ("before", "change", "kinds"),
    [
        ([FAIL], {}, [SUCCESS]),
        ([SUCCESS], {"is_active": False}, [SUCCESS]),
        ([], {}, [FAIL]),
        ([], {}, [SUCCESS, START]),
        ([], {}, [SUCCESS, SUCCESS]),
        ([], {"period_seconds": None, "last_cycle_at": NOON + DAY}, [SUCCESS]),
    ],
)
def test_whatever_is_more_than_that_is_left_whole_to_the_long_way(before, change, kinds):
    job = make_job(**PINGED)
    pings.take([call(job, kind, NOON - HOUR) for kind in before])
    ExpectedBackupJob.objects.update(**change)
    found = written(job)

    assert short(*(call(job, kind) for kind in kinds), call(make_job("other", **PINGED))) is None

    assert written(job) == found


def test_an_odd_success_takes_the_long_way_and_is_told():
    job = make_job(**PINGED)
    for number in range(8):
        pings.take([call(job, at=NOON + number * DAY, duration_seconds=600.0)])

    pings.take([call(job, at=NOON + 8 * DAY, duration_seconds=3.0)])

    assert (Alert.objects.get().type, BackupEntry.objects.order_by("-cycle_at")[0].suspicions) == ("backup-suspicious", ["too_short"])


def test_nothing_is_written_when_a_job_changed_since_it_was_read():
    jobs = [make_job(f"n{number}", **PINGED) for number in range(3)]
    calls = dict(enumerate(call(job) for job in jobs))
    seen, past, _ = good_pings._look(list(calls.items()))
    fresh = entries.foresee([(each.job, good_pings.evidence(calls[each.found.place], each.found)) for each in seen], past)
    pings.take([call(jobs[1], FAIL, NOON - SECOND)])
    before = [written(job) for job in jobs]

    assert good_pings._write(calls, seen, seen, fresh) is False

    assert [written(job) for job in jobs] == before


@pytest.mark.django_db(transaction=True)
def test_of_good_and_bad_pings_at_once_none_is_lost_and_the_last_decides():
    jobs = [make_job(f"n{number}", **PINGED) for number in range(4)]
    start = threading.Barrier(4)

    def ping(number):
        try:
            start.wait(60)
            for turn in range(5):
                at = NOON + (4 * turn + number) * SECOND
                became.extend(pings.take([call(job, FAIL if number == turn else SUCCESS, at) for job in jobs[number:] + jobs[:number]]))
        finally:
            connection.close()

    became: list[Became] = []
    threads = [threading.Thread(target=ping, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert became == [Became.TAKEN] * 80
    assert (BackupEntry.objects.count(), BackupEntry.objects.filter(status="failed").count(), Ping.objects.count()) == (80, 16, 80)
    assert set(ExpectedBackupJob.objects.values_list("current_status", "last_cycle_at")) == {("ok", NOON + 19 * SECOND)}
