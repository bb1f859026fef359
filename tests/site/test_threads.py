"""Whatever becomes of a request, its connection goes back into the pool."""

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connection

from sentinel_site.lib.threads import OwnThread

pytestmark = pytest.mark.django_db(transaction=True)


def in_use():
    """How many connections of the pool somebody has."""
    stats = connection.pool.get_stats()
    return stats["pool_size"] - stats["pool_available"]


async def until_as(before):
    async with asyncio.timeout(180):
        while in_use() > before:
            await asyncio.sleep(0.01)


@pytest.fixture
def before(db):
    """How many the tests before have left in use, as they may: one of a thread that goes on."""
    connection.close()
    return in_use()


async def test_of_an_answer_that_breaks_off(before):
    async def breaks(*_):
        await sync_to_async(User.objects.count)()
        raise RuntimeError

    for _ in range(20):  # more than there are
        with pytest.raises(RuntimeError):
            await OwnThread(breaks)({}, None, None)

    await until_as(before)


async def test_of_a_request_that_is_cut_off_while_its_view_works(before):
    asked, goes_on = threading.Semaphore(0), threading.Event()

    def view():
        User.objects.count()
        asked.release()
        goes_on.wait(60)

    async def works(*_):
        await sync_to_async(view)()

    requests = [asyncio.create_task(OwnThread(works)({}, None, None)) for _ in range(3)]
    for _ in requests:
        await asyncio.to_thread(asked.acquire)
    for request in requests:
        request.cancel()
    await asyncio.gather(*requests, return_exceptions=True)
    assert in_use() > before
    goes_on.set()

    await until_as(before)


async def test_work_of_one_request_is_done_in_one_thread():
    seen = []

    async def looks(*_):
        for _ in range(3):
            seen.append(await sync_to_async(threading.get_ident)())

    await OwnThread(looks)({}, None, None)

    assert len(set(seen)) == 1
