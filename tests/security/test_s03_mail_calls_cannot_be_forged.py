"""S3, S4: what pretends to be the mail service is refused, changes nothing, and is told why."""

import json

import pytest
from django.test import Client

from notifications.models import ContactMethod, Delivery
from tests.factories import make_recipient
from tests.mail_calls import BODIES, basic, secured, signed, tracking
from tests.mail_services import SERVICES, use
from tests.notifications.conftest import queue

pytestmark = [
    pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning"),
]  # fmt: skip
GARBAGE = (b"", b"{}", b"[]", b"null", b"\xff\xfe", b'"x"', b"[[]]", b'{"RecordType": []}', b'[{"event": {}}]', b"[" * 10_000)


@pytest.fixture(params=BODIES)
def name(request, settings):
    use(settings, request.param, SERVICES[request.param](), **secured(request.param))
    return request.param


@pytest.fixture
def told():
    return queue(make_recipient())[0]


@pytest.fixture
def stranger():
    return Client(enforce_csrf_checks=True)


def untouched():
    return list(Delivery.objects.values_list("status", flat=True)) == ["queued"] and not ContactMethod.objects.exclude(disabled_at=None)


def test_without_the_secret_nothing_is_taken(name, told, stranger):
    call = tracking(name, "bounced", delivery_id=told.pk)
    body = json.loads(call.body) | {"signature": {}} if name == "mailgun" else json.loads(call.body)

    answer = stranger.post(call.path, json.dumps(body), content_type="application/json")

    assert (answer.status_code in {400, 401}, untouched()) == (True, True)


@pytest.mark.parametrize("secret", ["sentinel:wrong", "sentinel:", ":", "", "sentinel:a-long-enough-secre", "é:ü"])
@pytest.mark.parametrize("name", ["postmark", "brevo"])
def test_another_secret_is_refused(settings, told, stranger, name, secret):
    use(settings, name, SERVICES[name](), **secured(name))
    call = tracking(name, "bounced", delivery_id=told.pk)

    answer = stranger.post(call.path, call.body, content_type="application/json", headers=basic(secret))

    assert (answer.status_code, untouched()) == (401, True)


def test_a_secret_that_is_not_set_refuses_everything_and_says_so(settings, name, told, stranger):
    use(settings, name, SERVICES[name]())

    answer = tracking(name, "bounced", delivery_id=told.pk).to(stranger)

    assert (answer.status_code, "is not set" in answer.content.decode(), untouched()) == (503, True, True)


def test_a_changed_body_does_not_fit_the_signature(settings, told, stranger):
    use(settings, "sendgrid", SERVICES["sendgrid"](), **secured("sendgrid"))
    call = tracking("sendgrid", "delivered", delivery_id=told.pk)

    answer = call.with_body(call.body.replace(b"delivered", b"bounce")).to(stranger)

    assert (answer.status_code, untouched()) == (401, True)


def test_mailguns_signature_counts_for_one_content_only(settings, told, stranger):
    use(settings, "mailgun", SERVICES["mailgun"](), **secured("mailgun"))
    first = tracking("mailgun", "opened", delivery_id=told.pk)
    forged = json.loads(tracking("mailgun", "bounced", delivery_id=told.pk).body) | {"signature": json.loads(first.body)["signature"]}

    answers = [first.to(stranger), first.to(stranger), first.with_body(json.dumps(forged).encode()).to(stranger)]

    assert ([answer.status_code for answer in answers], untouched()) == ([200, 200, 401], True)


def test_mailguns_old_signature_is_refused(settings, told, stranger):
    use(settings, "mailgun", SERVICES["mailgun"](), **secured("mailgun"))
    call = tracking("mailgun", "bounced", delivery_id=told.pk)
    old = json.loads(call.body) | {"signature": signed(timestamp=1_700_000_000)}

    assert (call.with_body(json.dumps(old).encode()).to(stranger).status_code, untouched()) == (401, True)


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_with_the_right_secret_is_no_error_of_ours(name, told, stranger, body):
    call = tracking(name, "delivered").with_body(body)

    assert (call.to(stranger).status_code in {200, 400, 401}, untouched()) == (True, True)


def test_a_huge_body_is_refused_before_it_is_read(name, stranger):
    assert tracking(name, "delivered").with_body(b"[" + b" " * 1024 * 1024 + b"]").to(stranger).status_code == 413


@pytest.mark.parametrize("said", ["\0", "x" * 10_000, "' OR 1=1 --", "<\0@x>"])
def test_a_hostile_id_finds_nothing(settings, told, stranger, said):
    use(settings, "postmark", SERVICES["postmark"](), **secured("postmark"))

    answer = tracking("postmark", "bounced", delivery_id=said, message_id=said, address=said).to(stranger)

    assert (answer.status_code, untouched()) == (200, True)
