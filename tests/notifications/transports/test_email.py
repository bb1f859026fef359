"""E-mail, against a real SMTP server."""

import re
from email import message_from_bytes, policy
from email.message import Message
from pathlib import Path

import pytest

from notifications.errors import DeadAddress, NotNow, PermanentError, TemporaryError
from notifications.rendering import Wording
from notifications.transports import email, eml
from sentinel_site import env
from tests.factories import make_recipient
from tests.notifications.conftest import ALERT, queue

pytestmark = pytest.mark.django_db
A_KEY = "01a20233-8cf1-7003-a349-110a81909b54"


@pytest.fixture
def told():
    return queue(make_recipient())[0]


def send(delivery):
    return email.send(delivery, delivery.method, Wording(delivery))


def test_a_mail_has_text_and_page_and_the_deliverys_id(told, mailbox):
    sent = send(told)

    (message,) = mailbox.messages
    assert (message["To"], message["Subject"]) == ("robin.vale@example.org", "[P1] Fall in room 12 (#1042)")
    assert message["Message-ID"] == sent.provider_id == f"<{told.pk}@localhost>"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_a_p1_mail_is_urgent_and_automatic(told, mailbox):
    send(told)

    (message,) = mailbox.messages
    assert [message[name] for name in ("X-Priority", "Importance", "Auto-Submitted")] == ["1", "high", "auto-generated"]


def test_an_ordinary_mail_is_not_urgent(mailbox):
    send(queue(make_recipient(), priority=3)[0])

    assert mailbox.messages[0]["X-Priority"] is None


@pytest.mark.parametrize("title", ["Fall\r\nBcc: thief@example.org", "Fall\nX-Evil: 1", "Fall\r\n\r\n<html>", "Fall\x0b\u2028X-Evil: 1"])
def test_no_header_can_be_smuggled_in(mailbox, title):
    (delivery,) = queue(
        make_recipient("Robin\r\nBcc: thief@example.org", email="robin@example.org"), context={"alert": {**ALERT, "title": title}}
    )

    send(delivery)

    (message,) = mailbox.messages
    assert (message["Bcc"], message["X-Evil"], message["To"]) == (None, None, "robin@example.org")


def test_an_address_with_a_newline_is_refused(mailbox):
    (delivery,) = queue(make_recipient(email="robin@example.org\r\nBcc: thief@example.org"))

    with pytest.raises(PermanentError):
        send(delivery)

    assert mailbox.messages == []


@pytest.mark.parametrize(("answer", "error"), [
    ("550 5.1.1 no such user", DeadAddress), ("550 unknown", DeadAddress), ("553 5.1.3 bad address", DeadAddress),
    ("550 5.7.1 blocked by policy", PermanentError), ("550 relaying denied", PermanentError), ("552 5.2.2 mailbox full", PermanentError),
    ("450 4.2.1 greylisted", NotNow), ("421 too busy", TemporaryError),
])  # fmt: skip
def test_a_refused_recipient_has_its_meaning(told, mailbox, answer, error):
    mailbox.refuse["robin.vale@example.org"] = answer

    with pytest.raises(error) as raised:
        send(told)

    assert type(raised.value) is error
    assert "robin" not in str(raised.value)


@pytest.mark.parametrize(("answer", "error"), [("554 5.6.0 content refused", PermanentError), ("451 later", TemporaryError)])
def test_a_refused_message_says_nothing_about_the_address(told, mailbox, answer, error):
    mailbox.after_data = answer

    with pytest.raises(error) as raised:
        send(told)

    assert type(raised.value) is error


def test_after_a_refusal_the_next_mail_goes_out(told, mailbox):
    mailbox.refuse["robin.vale@example.org"] = "550 5.1.1 no such user"
    with pytest.raises(DeadAddress):
        send(told)

    send(queue(make_recipient("Dana Reed"), key="next")[0])

    assert len(mailbox.messages) == 1


def test_no_server_is_temporary(told, mailbox, settings):
    settings.EMAIL_PORT = 1

    with pytest.raises(TemporaryError, match="cannot be reached"):
        send(told)


def test_a_server_that_hangs_is_given_up(told, mailbox, settings):
    settings.EMAIL_TIMEOUT, settings.EMAIL_HOST_USER = 0.5, ""
    email._drop()
    mailbox.hold.clear()

    with pytest.raises(TemporaryError):
        send(told)


def test_without_a_server_mail_is_written_to_files(told, settings, tmp_path):
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "notifications.transports.eml.EmailBackend", tmp_path / "mail"

    send(told)
    send(told)

    (path,) = Path(tmp_path / "mail").iterdir()
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert re.fullmatch(rf"\d{{8}}-\d{{6}}_robin\.vale_p1-fall-in-room-12-1042_{told.pk}\.eml", path.name)
    assert message["Subject"] == "[P1] Fall in room 12 (#1042)"
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("key", "to", "subject", "name"), [
    (f"<{A_KEY}@localhost>", "r.vale@example.org", "Über", f"20261122-074102_r.vale_uber_{A_KEY}.eml"),
    ("<../../etc/passwd@x>", "../../x@example.org", "/../../" + "y" * 99, f"....x_{'y' * 60}_....etcpasswd.eml"),
])  # fmt: skip
def test_the_name_of_a_file_tells_what_is_in_it_and_leads_nowhere_else(key, to, subject, name):
    message = Message()
    message["Message-ID"], message["To"] = key, to

    assert eml.name_of(message, subject) == name


def test_a_providers_backend_gets_the_deliverys_id(told, settings):
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"

    assert send(told).provider_id


@pytest.mark.parametrize(("url", "expected"), [
    ("smtp://mail.example.org", ("mail.example.org", 25, "", False, False)),
    ("smtp://a%40b:p%2Fw@mail.example.org:587", ("mail.example.org", 587, "a@b", True, False)),
    ("smtp://mail.example.org:465/", ("mail.example.org", 465, "", False, True)),
    ("smtps://u:p@mail.example.org", ("mail.example.org", 465, "u", False, True)),
    ("smtp://u:p@mail.example.org:2525/?tls=none", ("mail.example.org", 2525, "u", False, False)),
])  # fmt: skip
def test_a_url_sets_up_smtp(url, expected):
    made = env.email(url)

    assert tuple(made[name] for name in ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_USE_TLS", "EMAIL_USE_SSL")) == expected
