"""The live feed neither loses, repeats nor reorders an event."""

import asyncio
import json
import random
import threading

import pytest
from django.db import connection, transaction

from alerts import lifecycle, live, record
from alerts.enums import EventKind
from alerts.models import AlertEvent, EventCounter
from tests.aside import aside
from tests.conftest import NOON
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alert():
    make_source()
    return raise_alert(at=NOON)


def write_events(alert, count, pause=0.0):
    """A writer in a thread of its own: one transaction per event, open for a random while after taking its id."""
    for _ in range(count):
        with transaction.atomic():
            record.announce([(EventKind.UPDATED, alert.pk)], at=NOON)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(%s)", [random.uniform(0, pause)])
    connection.close()


async def read(reader, since, seconds):
    """A client that connects, and reads for a while. Appends ids to ``reader``."""
    async with live.feed().subscribed() as (outbox, upto):
        async for text in live.missed(since, upto):
            reader.append(json.loads(text)["id"])
        reader.extend([json.loads(text)["id"] for text in await outbox.take(seconds=seconds)])


async def read_all(last, *, seconds):
    """A client that reconnects again and again until it has seen ``last``."""
    seen = []
    async with asyncio.timeout(120):
        while not seen or seen[-1] < last:
            await read(seen, seen[-1] if seen else 0, random.uniform(0, seconds))
    return seen


async def test_concurrent_writers_and_reconnecting_readers_agree(alert):
    writers = [threading.Thread(target=write_events, args=(alert, 40, 0.01)) for _ in range(4)]
    for writer in writers:
        writer.start()

    readers = await asyncio.gather(*(read_all(161, seconds=0.4) for _ in range(6)))
    for writer in writers:
        writer.join()

    assert readers == [list(range(1, 162))] * 6


async def test_an_event_carries_its_alert_as_rest_does(alert, user):
    await aside(lifecycle.acknowledge, alert, by=user, at=NOON)

    (event,) = await aside(lambda: live.events(after=1))

    body = json.loads(event.text)
    assert (body["type"], body["id"], body["kind"], body["at"]) == ("event", 2, "status", "2026-03-02T12:00:00.000Z")
    assert (body["alert"]["id"], body["alert"]["status"], body["alert"]["acknowledged_by"]) == (str(alert.pk), "ACKNOWLEDGED", "Robin Vale")


def test_reading_events_costs_the_same_for_one_and_for_three(alert, django_assert_num_queries):
    with django_assert_num_queries(2):
        live.events(after=0)

    raise_alert(at=NOON, title="second", subject="b")
    raise_alert(at=NOON, title="third", subject="c")

    with django_assert_num_queries(2):
        assert len(live.events(after=0)) == 3


@pytest.mark.parametrize(("since", "upto", "answer"), [(0, 1, True), (1, 1, True), (2, 1, False), (-1, 1, False), (0, 5001, False)])
def test_what_can_be_replayed(alert, since, upto, answer):
    assert live.can_replay(since, upto) is answer


def test_what_retention_removed_cannot_be_replayed(alert):
    write_events(alert, 3)
    AlertEvent.objects.filter(id__lte=2).delete()

    assert [live.can_replay(since, 4) for since in (0, 1, 2, 4)] == [False, False, True, True]


async def test_a_reader_that_cannot_continue_is_reset(alert):
    assert [text async for text in live.missed(7, 1)] == [live.RESET]


async def test_a_counter_that_went_back_resets_everybody(alert):
    await aside(write_events, alert, 5)

    async with live.feed().subscribed() as (outbox, _upto):
        await aside(EventCounter.objects.update, value=2)
        texts = await outbox.take(seconds=60)

    assert texts == [live.RESET]


async def test_an_outbox_that_is_full_says_so_and_holds_no_more():
    outbox = live.Outbox(limit=2)

    outbox.put(["a", "b"])
    outbox.put(["c"])
    outbox.put(["d"])

    assert (outbox.overflowed.is_set(), await outbox.take(seconds=0)) == (True, [])


async def test_nothing_runs_while_nobody_reads(alert):
    async with live.feed().subscribed():
        running = len(asyncio.all_tasks())

    await asyncio.sleep(0)
    assert len([task for task in asyncio.all_tasks() if not task.cancelling()]) < running
