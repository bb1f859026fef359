"""What comes in while others are served is served together."""

import asyncio
import threading

from sentinel_site.lib.together import Together


async def test_what_waits_is_done_in_one_go_and_answered_one_by_one():
    gate, gone = threading.Event(), []

    def work(items):
        gate.wait(60)
        gone.append(len(items))
        return [item * 2 for item in items]

    together = Together(work, name="test")
    first = [asyncio.ensure_future(together.answer(number)) for number in range(2)]  # both writers are busy with one each
    await asyncio.sleep(0)
    rest = [asyncio.ensure_future(together.answer(number)) for number in range(2, 50)]
    await asyncio.sleep(0)
    gate.set()

    assert await asyncio.gather(*first, *rest) == [number * 2 for number in range(50)]
    assert sorted(gone) == [1, 1, 48]


async def test_what_fails_is_left_to_somebody_else(caplog):
    def work(items):
        raise ValueError("no")

    together = Together(work, name="test")

    assert await asyncio.gather(*(together.answer(number) for number in range(3))) == [None] * 3
    assert "came in together failed" in caplog.text


async def test_who_went_away_keeps_nobody_else_waiting():
    gate = threading.Event()

    def work(items):
        gate.wait(60)
        return items

    together = Together(work, name="test")
    gone, stays = (asyncio.ensure_future(together.answer(name)) for name in ("gone", "stays"))
    await asyncio.sleep(0)
    gone.cancel()
    gate.set()

    assert await stays == "stays"
