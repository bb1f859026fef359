"""Replies by mail: what takes an alert, and all that does not."""

from datetime import timedelta

import pytest
from anymail.inbound import AnymailInboundMessage
from django.test import Client
from django.utils import timezone

from alerts import escalation
from alerts.models import LogEntry
from notifications import links, mail_senders, reply_addresses
from notifications.models import Delivery, Notification
from notifications.rendering import Wording
from notifications.transports import email
from tests.factories import make_policy, make_recipient, make_source, raise_alert
from tests.mail_calls import BODIES, reply, secured
from tests.mail_services import SERVICES, use

pytestmark = [
    pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning"),
]  # fmt: skip


def set_up(settings, name):
    use(settings, name, SERVICES[name](), **secured(name), BREVO_API_KEY="br-key", MAILGUN_API_KEY="mg-key")
    settings.SENTINEL_INBOUND_DOMAIN, settings.SENTINEL_INBOUND_AUTHSERV = "in.example.org", "mx.brevo.test"


@pytest.fixture(params=BODIES)
def name(request, settings):
    set_up(settings, request.param)
    return request.param


@pytest.fixture
def postmark(settings):
    set_up(settings, "postmark")


@pytest.fixture
def alert(db):
    make_recipient("Robin Vale", groups=["oncall"])
    make_source(policy=make_policy())
    alert = raise_alert(at=timezone.now(), title="Fall in room 12")
    escalation.advance_due(at=timezone.now())
    return alert


@pytest.fixture
def stranger():
    return Client(enforce_csrf_checks=True)


def told():
    return Delivery.objects.select_related("notification__recipient", "method").get()


def status(alert):
    alert.refresh_from_db()
    return alert.status


def test_ok_by_mail_takes_the_alert_in_the_persons_name(name, alert, stranger):
    answer = reply(name, to=reply_addresses.address(told())).to(stranger)

    alert.refresh_from_db()
    assert (answer.status_code, alert.status, alert.acknowledged_by) == (200, "ACKNOWLEDGED", "Robin Vale")
    assert "via E-mail" in str(LogEntry.objects.filter(kind="status").latest("id").detail)


@pytest.mark.parametrize(
    "text", ["ok", "OK, on my way", "Oui.\n\n> Fall in room 12", "\n\n ACK!\n-- \nRobin", "yes\N{NO-BREAK SPACE}thanks"]
)
def test_the_first_word_is_the_answer(postmark, alert, stranger, text):
    reply("postmark", to=reply_addresses.address(told()), text=text).to(stranger)

    assert status(alert) == "ACKNOWLEDGED"


@pytest.mark.parametrize("text", ["", "OK?", "okay-ish", "I am OK", "> OK", "Okinawa", "not ok", "1", "OKOK", "<b></b>", "\0ok"])
def test_any_other_first_word_does_nothing(postmark, alert, stranger, text):
    answer = reply("postmark", to=reply_addresses.address(told()), text=text).to(stranger)

    assert (answer.status_code, status(alert)) == (200, "PENDING")


@pytest.mark.parametrize("header", [
    ("Auto-Submitted", "auto-replied"), ("Auto-Submitted", "auto-generated"), ("Precedence", "bulk"), ("Precedence", "auto_reply"),
    ("X-Autoreply", "yes"), ("X-Autorespond", "x"), ("List-Id", "<list.example.org>"),
])  # fmt: skip
def test_an_out_of_office_does_not_take_it(postmark, alert, stranger, header, caplog):
    reply("postmark", to=reply_addresses.address(told()), headers=[header]).to(stranger)

    assert (status(alert), f"a machine wrote it ({header[0]})" in caplog.text) == ("PENDING", True)


def test_a_mail_from_somebody_else_does_not_take_it(name, alert, stranger, caplog):
    reply(name, to=reply_addresses.address(told()), sender="mallory@example.org").to(stranger)

    assert (status(alert), "does not come from the address" in caplog.text, "mallory" in caplog.text) == ("PENDING", True, False)


def test_a_mail_nobody_vouches_for_does_not_take_it(name, alert, stranger, caplog):
    reply(name, to=reply_addresses.address(told()), passes=False).to(stranger)

    assert (status(alert), "neither DKIM nor SPF" in caplog.text) == ("PENDING", True)


def test_a_second_header_of_the_same_name_is_a_forgery(postmark, alert, stranger):
    forged = [("X-Spam-Tests", "DKIM_VALID_AU"), ("Authentication-Results", "other.test; dkim=pass header.d=example.org")]

    reply("postmark", to=reply_addresses.address(told()), passes=False, headers=forged).to(stranger)

    assert status(alert) == "PENDING"


@pytest.mark.parametrize("said", [
    'spf=pass smtp.mailfrom="x; dkim=pass header.d=example.org; y"@evil.test', 'spf=pass smtp.mailfrom="x header.d=example.org"@evil.test',
    "spf=pass (a (b) ; dkim=pass header.d=example.org)", "spf=pass (((((a; dkim=pass header.d=example.org; b)))))",
    'spf=pass smtp.mailfrom="x; dkim=pass header.d=example.org', "spf=pass (" + "x" * 20_000 + "; dkim=pass header.d=example.org)",
    'spf=pass reason="x; dkim=pass header.d=example.org"', 'spf=pass smtp.mailfrom="a\\"; dkim=pass header.d=example.org; b"@evil.test',
], ids=range(8))  # fmt: skip
def test_what_a_sender_writes_into_its_own_name_vouches_for_nobody(settings, said):
    settings.SENTINEL_INBOUND_AUTHSERV = "mx.brevo.test"
    message = AnymailInboundMessage.construct(headers=[("Authentication-Results", f"mx.brevo.test; {said}")])

    assert not mail_senders.vouched_for(message, None, "brevo", domain="example.org")


@pytest.mark.parametrize("said", [
    "dkim=pass (good) header.d=example.org", 'dkim=pass reason="good (1); fine" header.i="@example.org"',
    "spf=none; dmarc=pass header.from=example.org", 'spf=pass smtp.mailfrom="robin vale"@example.org',
])  # fmt: skip
def test_what_the_server_says_of_the_domain_vouches_for_it(settings, said):
    settings.SENTINEL_INBOUND_AUTHSERV = "mx.brevo.test"
    message = AnymailInboundMessage.construct(headers=[("Authentication-Results", f"mx.brevo.test; {said}")])

    assert mail_senders.vouched_for(message, None, "brevo", domain="example.org")


def test_a_second_sender_is_a_forgery(postmark, alert, stranger):
    reply("postmark", to=reply_addresses.address(told()), headers=[("From", "mallory@example.org")]).to(stranger)

    assert status(alert) == "PENDING"


@pytest.mark.parametrize("change", [
    lambda to: to.replace("ack+", "ack+a"), lambda to: "ack+" + "a" * 52 + "@in.example.org", lambda _: "ack@in.example.org",
    lambda to: to[:-20] + ("b" if to[-20] != "b" else "c") + to[-19:], lambda _: "sentinel@example.org",
], ids=["longer", "made up", "none", "altered", "elsewhere"])  # fmt: skip
def test_another_token_does_nothing_and_the_log_says_why(postmark, alert, stranger, change, caplog):
    answer = reply("postmark", to=change(reply_addresses.address(told()))).to(stranger)

    assert (answer.status_code, status(alert), "was not taken" in caplog.text) == (200, "PENDING", True)


def test_a_token_written_in_capitals_is_the_same(postmark, alert, stranger):
    reply("postmark", to=reply_addresses.address(told()).upper()).to(stranger)

    assert status(alert) == "ACKNOWLEDGED"


def test_after_a_day_it_is_too_late(postmark, alert, stranger, caplog):
    to, before = reply_addresses.address(told()), timezone.now() - links.LIFETIME - timedelta(minutes=1)
    Notification.objects.update(created_at=before, expires_at=before)

    reply("postmark", to=to).to(stranger)

    assert (status(alert), "too late" in caplog.text) == ("PENDING", True)


def test_somebody_who_is_no_longer_told_cannot_take_it(postmark, alert, stranger):
    to = reply_addresses.address(told())
    told().notification.recipient.__class__.objects.update(active=False)

    reply("postmark", to=to).to(stranger)

    assert status(alert) == "PENDING"


def test_the_same_reply_again_has_no_further_effect(postmark, alert, stranger):
    to = reply_addresses.address(told())

    for _ in range(3):
        assert reply("postmark", to=to).to(stranger).status_code == 200

    assert alert.log.filter(kind="status", detail__to="ACKNOWLEDGED").count() == 1


def test_pass_passes_it_on_and_takes_nothing(postmark, alert, stranger):
    reply("postmark", to=reply_addresses.address(told()), text="Pass").to(stranger)

    assert status(alert) == "SEEN"


def test_the_mail_says_where_a_reply_goes(settings, alert):
    with SERVICES["postmark"]() as provider:
        use(settings, "postmark", provider, **secured("postmark"))
        settings.SENTINEL_INBOUND_DOMAIN = "in.example.org"
        email.send(told(), told().method, Wording(told()))

    sent = provider.accepted[0].json
    assert (sent["ReplyTo"], "reply OK" in sent["TextBody"]) == (reply_addresses.address(told()), True)
    assert len(sent["ReplyTo"].partition("@")[0]) <= 64


@pytest.mark.parametrize("secret", [True, False])
def test_where_replies_cannot_be_taken_none_is_asked_for(settings, alert, secret):
    use(settings, "postmark" if secret else "brevo", SERVICES["postmark"]())
    settings.SENTINEL_INBOUND_DOMAIN = "" if secret else "in.example.org"

    assert reply_addresses.address(told()) == ""


def test_without_the_secret_no_reply_is_read(name, settings, alert, stranger):
    call = reply(name, to=reply_addresses.address(told()))
    use(settings, name, SERVICES[name](), BREVO_API_KEY="k", MAILGUN_API_KEY="k")

    assert (call.to(stranger).status_code, status(alert)) == (503, "PENDING")
