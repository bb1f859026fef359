"""One web process's subscription to the group of frames: it outlives whatever happens to Redis."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from channels.layers import channel_layers

from devices.publishing import GROUP, MESSAGE
from sentinel_site.lib.racing import first

ECHO: Final = "device.echo"
ECHO_SECONDS: Final = 10.0
"""How often a message to oneself proves that the subscription lives; a connection can be dead without anybody being told."""
CALL_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 0.5
Take = Callable[[str, str], None]

logger = logging.getLogger(__name__)


class SubscriptionDead(Exception):
    """What is sent arrives no more."""


async def listen(take: Take, *, echo_seconds: float = ECHO_SECONDS) -> None:
    """Call ``take(slug, text)`` for all that is published, until cancelled. While Redis is away nothing comes, and nothing fails.

    The layer is one of its own, so that giving up a dead connection disturbs nobody.
    """
    layer = channel_layers.make_backend("default")
    troubled = False
    try:
        while True:
            try:
                await _subscribed(layer, take, echo_seconds)
            except Exception as error:  # whatever it is: begin again
                if not troubled:
                    logger.warning("live frames do not arrive, subscribing again: %s", str(error) or type(error).__name__)
                troubled = not isinstance(error, SubscriptionDead)
            await _flush(layer)
            await asyncio.sleep(AGAIN_SECONDS)
    finally:
        await _flush(layer)


async def _subscribed(layer: Any, take: Take, echo_seconds: float) -> None:
    channel = await asyncio.wait_for(layer.new_channel("devices."), CALL_SECONDS)
    await asyncio.wait_for(layer.group_add(GROUP, channel), CALL_SECONDS)
    heard = asyncio.Event()
    await first(_receive(layer, channel, take, heard), _echo(layer, channel, heard, echo_seconds))


async def _receive(layer: Any, channel: str, take: Take, heard: asyncio.Event) -> None:
    while True:
        message = await layer.receive(channel)
        heard.set()
        if message["type"] == MESSAGE:
            for slug, text in message["frames"]:
                take(slug, text)


async def _echo(layer: Any, channel: str, heard: asyncio.Event, seconds: float) -> None:
    """Raises SubscriptionDead when nothing arrives although it can be sent. While nothing can be sent there is nothing to prove."""
    while True:
        await asyncio.sleep(seconds)
        heard.clear()
        try:
            await asyncio.wait_for(layer.send(channel, {"type": ECHO}), CALL_SECONDS)
        except Exception as error:
            logger.debug("no echo was sent: %s", error)
            continue
        try:
            await asyncio.wait_for(heard.wait(), seconds)
        except TimeoutError:
            raise SubscriptionDead(f"nothing arrived for {seconds:g} s") from None


async def _flush(layer: Any) -> None:
    with suppress(Exception):
        await asyncio.wait_for(layer.flush(), CALL_SECONDS)
