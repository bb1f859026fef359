"""Apprise, against servers that speak ntfy's and Gotify's protocols and misbehave in every way."""

import logging

import pytest

from notifications import apprise_urls, outbox
from notifications.delivery import attempt
from notifications.errors import NotificationError, OutcomeUnknown, PermanentError, TemporaryError
from notifications.models import Delivery
from notifications.rendering import Wording
from notifications.transports import apprise
from tests.conftest import MINUTE, NOON
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import ALERT, queue
from tests.providers import FAILS, TAKES, Answer, Mode, Provider, patience

pytestmark = pytest.mark.django_db
DENIED = {Mode.DENY, Mode.REDIRECT}


class Ntfy(Provider):
    """POST / with the topic in JSON."""

    def accept(self, arrival):
        return Answer({"id": "m1", "topic": arrival.json["topic"], "event": "message"})

    @property
    def address(self):
        return f"ntfy://127.0.0.1:{self._port}/alerts"


class Gotify(Provider):
    """POST /message with the app's token in a header."""

    def accept(self, arrival):
        return Answer({"id": 1}, status=200 if arrival.headers["x-gotify-key"] == "A-token" else 401)

    @property
    def address(self):
        return f"gotify://127.0.0.1:{self._port}/A-token"


@pytest.fixture(params=[Ntfy, Gotify])
def service(request, settings):
    with request.param() as provider:
        settings.SENTINEL_APPRISE_HOSTS = [f"127.0.0.1:{provider._port}"]
        yield provider


def behave(settings, service, mode, **how):
    """Have the service behave so; ``of_silence`` as for `patience`."""
    service.mode, settings.APPRISE_TIMEOUT = mode, patience(mode, **how)
    settings.APPRISE_TOTAL_TIMEOUT = 2 * settings.APPRISE_TIMEOUT


def tell(address, **fields):
    robin = make_recipient()
    method = make_method(robin, kind="apprise", address=address, order=0)
    return queue(robin, kinds=["apprise"], **fields)[0], method


def send(delivery):
    return apprise.send(delivery, delivery.method, Wording(delivery))


def test_a_service_takes_title_text_and_link(service):
    delivery, _ = tell(service.address)

    send(delivery)

    (taken,) = service.accepted
    assert (taken.json["title"], "/a/" in taken.json["message"]) == ("[P1] Fall in room 12 (#1042)", True)


@pytest.mark.parametrize(("url", "longest"), [
    ("pover://uvvvvvvvvvvvvvvvvvvvvvvvvvvvvv@agggggggggggggggggggggggggggggg", 1024), ("freemobile://12345678@pass", 160),
])  # fmt: skip
def test_a_long_text_is_cut_before_its_link_where_there_is_room_for_both(url, longest):
    delivery, _ = tell(url, context={"alert": {**ALERT, "title": "Fall " * 40, "subject": "s" * 900}})

    title, body = apprise._words(apprise_urls.make(url), Wording(delivery))

    assert (len(body) <= longest, "/a/" in body, title != "") == (True, longest > 1000, longest > 1000)


@pytest.mark.parametrize("mode", [mode for mode in FAILS if mode != Mode.GARBAGE])
def test_a_service_that_fails_took_it_once_at_most(service, settings, mode):
    delivery, _ = tell(service.address)
    behave(settings, service, mode)

    with pytest.raises(NotificationError) as raised:
        send(delivery)

    assert (len(service.accepted), len(service.arrivals) <= 1) == (mode in TAKES, True)
    assert type(raised.value) is (
        PermanentError if mode in DENIED else TemporaryError if mode in {Mode.ERROR, Mode.BUSY} else OutcomeUnknown
    )
    assert service.to("/elsewhere") == []


def test_a_failure_tells_neither_topic_nor_key(service, capfd):
    delivery, _ = tell(service.address)
    service.mode = Mode.DENY

    with pytest.raises(PermanentError) as raised:
        send(delivery)

    written = str(raised.value) + "".join(capfd.readouterr())
    assert [word for word in ("A-token", "alerts", "127.0.0.1") if word in written] == []
    assert not logging.getLogger("apprise").propagate


@pytest.mark.parametrize("mode", [mode for mode in FAILS if mode != Mode.GARBAGE])
def test_nothing_is_lost_and_the_next_method_is_tried(service, settings, mode):
    tell(service.address)
    behave(settings, service, mode, of_silence=0.25)

    for number in range(outbox.FALL_OVER_AFTER):
        at = NOON + 10 * number * MINUTE
        for delivery in outbox.claim("apprise", limit=1, at=at, lease_seconds=30):
            outbox.settle([attempt(delivery, now=lambda at=at: at)[1]], at=at)

    status = "dead" if mode in DENIED else "failed"
    assert list(Delivery.objects.order_by("id").values_list("transport", "status")) == [("apprise", status), ("email", "queued")]


def test_a_host_that_was_taken_off_the_list_is_not_called(service, settings):
    delivery, _ = tell(service.address)
    settings.SENTINEL_APPRISE_HOSTS = []

    with pytest.raises(PermanentError, match="SENTINEL_APPRISE_HOSTS"):
        send(delivery)

    assert service.arrivals == []


def test_what_hangs_together_is_the_host_or_the_service(service):
    _, method = tell(service.address)

    assert apprise.destination(method) == f"127.0.0.1:{service._port}"
    assert apprise_urls.destination("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js") == "discord"
