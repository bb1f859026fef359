"""Whatever becomes of a request, its connection goes back into the pool."""

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connection

from sentinel_site.lib.threads import OwnThread

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_none_in_use")]


def free():
    """How many connections of the pool nobody has; and how many there are."""
    stats = connection.pool.get_stats()
    return stats["pool_available"], stats["pool_size"]


async def until_all_are_free():
    async with asyncio.timeout(60):
        while len(set(free())) > 1:
            await asyncio.sleep(0.01)


@pytest.fixture
def _none_in_use(db):
    connection.close()


async def test_of_an_answer_that_breaks_off():
    async def breaks(*_):
        await sync_to_async(User.objects.count)()
        raise RuntimeError

    for _ in range(20):  # more than there are
        with pytest.raises(RuntimeError):
            await OwnThread(breaks)({}, None, None)

    await until_all_are_free()


async def test_of_a_request_that_is_cut_off_while_its_view_works():
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
    assert free()[0] < free()[1]
    goes_on.set()

    await until_all_are_free()


async def test_work_of_one_request_is_done_in_one_thread():
    seen = []

    async def looks(*_):
        for _ in range(3):
            seen.append(await sync_to_async(threading.get_ident)())

    await OwnThread(looks)({}, None, None)

    assert len(set(seen)) == 1
