"""Any of some twenty other services, by one Apprise URL for each contact method (apprise_urls.py says which).

The library bounds each read; what takes longer than the whole may is left to its thread and given up here. Of a failure it
tells a status at most: without one, the message may have been sent.
"""

import re
import threading
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final

from django.conf import settings
from django.utils import translation

from notifications import apprise_urls
from notifications.errors import DeadAddress, NotificationError, OutcomeUnknown, PermanentError, TemporaryError
from notifications.models import ContactMethod, Delivery
from notifications.rendering import Wording
from notifications.transports.base import Sent

LEFT_BEHIND: Final = 20
"""So many sends that do not end are left to themselves; then nothing is begun until one of them has ended."""
SHORT: Final = 400
_STATUS: Final = re.compile(r"error=(\d{3})", re.A)
_left = threading.BoundedSemaphore(LEFT_BEHIND)


def send(delivery: Delivery, method: ContactMethod, wording: Wording) -> Sent:
    """See base.Transport. The URL is looked at again: what may be called can have changed since it was saved."""
    with translation.override(None):  # it is kept with the delivery
        why = apprise_urls.refusal(method.address)
    if why:
        raise PermanentError(f"the Apprise URL {why}")
    plugin = apprise_urls.make(method.address)
    result = _within(settings.APPRISE_TOTAL_TIMEOUT, partial(_notify, plugin, *_words(plugin, wording)))
    if not result:
        raise _meaning(result)
    return Sent()


def missing() -> str:
    """Never: nothing has to be set up."""
    return ""


def close() -> None:
    """Nothing is kept open."""


def destination(method: ContactMethod) -> str:
    """The host, or the service."""
    return apprise_urls.destination(method.address)


def _words(plugin: Any, wording: Wording) -> tuple[str, str]:
    """Title and body, as long as the service takes them."""
    longest = int(plugin.body_maxlen) - (0 if plugin.title_maxlen else len(wording.subject) + 2)
    if longest < SHORT:
        return "", _cut(wording.short, int(plugin.body_maxlen), wording)
    return wording.subject, _cut(wording.apprise, longest, wording)


def _notify(plugin: Any, title: str, body: str) -> Any:
    import apprise  # noqa: PLC0415 (7 MB: only for the process that sends)

    sender = apprise.Apprise(asset=plugin.asset)
    sender.add(plugin)
    return sender.notify(body, title=title, body_format="text", attach=None)


def _cut(body: str, longest: int, wording: Wording) -> str:
    """``body`` with the answer link at its end, whatever else has to go."""
    if len(body) <= longest:
        return body
    link = "\n" + wording.answer_url
    return body[: longest - len(link) - 1] + "…" + link if link.strip() in body and longest > len(link) + 60 else body[: longest - 1] + "…"


def _within(seconds: float, work: Any) -> Any:
    """The result of ``work``, which has ``seconds`` for all of it. Raises OutcomeUnknown, or TemporaryError when too much hangs."""
    if not _left.acquire(blocking=False):
        raise TemporaryError("too many messages to Apprise services hang; none is begun until one of them has ended")
    done: SimpleQueue[Any] = SimpleQueue()

    def run() -> None:
        try:
            done.put(work())
        except Exception as error:  # handed over
            done.put(error)
        finally:
            _left.release()

    threading.Thread(target=run, name="apprise", daemon=True).start()
    try:
        result = done.get(timeout=seconds)
    except Empty:
        raise OutcomeUnknown("the service did not answer in time") from None
    if isinstance(result, Exception):
        raise result
    return result


def _meaning(result: Any) -> NotificationError:
    """What a failure says, by the last status that the library wrote down; its words may hold secrets and are not passed on."""
    codes = [int(found) for entry in result.logs() for found in _STATUS.findall(entry.message)]
    if not codes:
        return OutcomeUnknown("the service could not be reached, or did not answer properly")
    code = codes[-1]
    if code == 410:
        return DeadAddress("the service says that this destination is gone (410)")
    if 300 <= code < 400:
        return PermanentError(f"the service answered with a redirect ({code}), which is not followed")
    if code in {408, 425, 429} or code >= 500:
        return TemporaryError(f"the service does not accept the message now ({code})")
    return PermanentError(f"the service refused the message ({code})")
