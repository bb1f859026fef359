"""Mail services, against servers that speak their protocols and misbehave in every way."""

import pytest

from notifications import outbox
from notifications.delivery import attempt
from notifications.errors import DeadAddress, OutcomeUnknown, PermanentError, TemporaryError
from notifications.models import Delivery
from notifications.rendering import Wording
from notifications.transports import email, esp
from tests.conftest import MINUTE, NOON
from tests.factories import make_method, make_recipient
from tests.mail_services import SERVICES, behave, use
from tests.notifications.conftest import queue
from tests.providers import FAILS, TAKES, Answer, Mode

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")]
UNKNOWN = {Mode.HANG, Mode.RESET, Mode.GARBAGE, Mode.DRIP, *TAKES}
"""What leaves it open whether the message was sent."""


@pytest.fixture(params=SERVICES)
def service(request, settings):
    with SERVICES[request.param]() as provider:
        use(settings, request.param, provider)
        yield provider


@pytest.fixture
def postmark(settings):
    with SERVICES["postmark"]() as provider:
        use(settings, "postmark", provider)
        yield provider


@pytest.fixture
def told():
    return queue(make_recipient())[0]


def send(delivery):
    return email.send(delivery, delivery.method, Wording(delivery))


def test_a_service_takes_a_message_with_the_deliverys_id(told, service):
    sent = send(told)

    (taken,) = service.accepted
    assert str(told.pk).encode() in taken.body
    assert b"robin.vale" in taken.body
    assert sent.provider_id


def test_neither_opens_nor_clicks_are_tracked(told, postmark):
    send(told)

    asked = postmark.accepted[0].json
    assert (asked["TrackOpens"], asked["TrackLinks"]) == (False, "None")


@pytest.mark.parametrize("mode", [mode for mode in FAILS if mode != Mode.GARBAGE])
def test_a_service_that_fails_is_tried_again_and_took_it_once_at_most(told, service, settings, mode):
    behave(settings, service, mode)

    with pytest.raises(TemporaryError) as raised:
        send(told)

    assert (type(raised.value) is OutcomeUnknown) == (mode in UNKNOWN), raised.value
    assert (len(service.accepted), len(service.arrivals) <= 1) == (mode in TAKES, True)
    assert "robin" not in str(raised.value)


@pytest.mark.parametrize("name", ["postmark", "mailgun", "brevo"])
def test_an_answer_that_is_none_leaves_it_open(told, settings, name):
    with SERVICES[name](Mode.GARBAGE) as provider:
        use(settings, name, provider)
        with pytest.raises(OutcomeUnknown):
            send(told)


def test_a_busy_service_says_when_to_come_back(told, service):
    service.mode = Mode.BUSY

    with pytest.raises(TemporaryError) as raised:
        send(told)

    assert raised.value.retry_seconds == service.retry_after


def test_a_redirect_is_not_followed(told, service):
    service.mode = Mode.REDIRECT

    with pytest.raises(TemporaryError, match="redirect"):
        send(told)

    assert service.to("/elsewhere") == []


def test_after_a_failure_the_next_message_goes_out(told, service):
    service.say(Mode.RESET)
    with pytest.raises(TemporaryError):
        send(told)

    send(queue(make_recipient("Dana Reed"), key="next")[0])

    assert len(service.accepted) == 1


def test_an_address_that_bounced_before_is_dead(told, postmark):
    words = "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: robin.vale@example.org."
    postmark.say(Answer({"ErrorCode": 406, "Message": f"{words} Inactive recipients are ones that have generated a bounce."}, status=422))

    with pytest.raises(DeadAddress):
        send(told)


def test_a_message_that_is_refused_is_not_tried_again(told, settings):
    with SERVICES["mailgun"]() as mailgun:
        use(settings, "mailgun", mailgun)
        mailgun.say(Answer({"message": "from parameter is not a valid address"}, status=400))
        with pytest.raises(PermanentError, match="400"):
            send(told)


def test_connections_are_kept(postmark):
    for key in ("one", "two"):
        send(queue(make_recipient(key), key=key)[0])

    assert len({arrival.peer for arrival in postmark.accepted}) == 1


@pytest.mark.parametrize("mode", FAILS)
def test_nothing_is_lost_and_the_next_method_is_tried(postmark, settings, mode):
    robin = make_recipient()
    make_method(robin, kind="webhook", address="https://hooks.example.org/robin", order=2)
    queue(robin, kinds=["email"])
    behave(settings, postmark, mode, of_silence=0.25)

    for number in range(outbox.FALL_OVER_AFTER):
        at = NOON + 10 * number * MINUTE
        (delivery,) = outbox.claim("email", limit=1, at=at, lease_seconds=30)
        outbox.settle([attempt(delivery, now=lambda at=at: at)[1]], at=at)

    assert list(Delivery.objects.order_by("id").values_list("transport", "status")) == [("email", "failed"), ("webhook", "queued")]
    assert len({arrival.json["Headers"][0]["Value"] for arrival in postmark.accepted}) <= 1


def test_ses_without_its_library_says_what_to_do(settings):
    settings.EMAIL_SERVICE = "amazon_ses"

    assert email.missing() == esp.NEEDS_BOTO3
