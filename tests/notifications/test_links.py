"""Answer links: what a token allows, and what makes it worthless."""

import base64
from uuid import UUID

import pytest

from notifications import links
from notifications.links import Answer, LinkError
from notifications.models import Delivery, Notification
from sentinel_site.lib import crypto
from tests.conftest import HOUR, NOON, SECOND

DELIVERY, RECIPIENT = UUID(int=1 << 100), UUID(int=2 << 100)


def delivery(**whom) -> Delivery:
    return Delivery(id=DELIVERY, notification=Notification(thread="alert:1", created_at=NOON, **(whom or {"recipient_id": RECIPIENT})))


def test_a_token_says_who_may_answer_what():
    assert links.read(links.token(delivery()), at=NOON) == Answer(DELIVERY, RECIPIENT, None, "alert:1")


def test_a_groups_token_names_the_group():
    assert links.read(links.token(delivery(group_id=7)), at=NOON) == Answer(DELIVERY, None, 7, "alert:1")


def test_a_link_is_the_same_at_every_attempt():
    assert links.answer_url(delivery()) == links.answer_url(delivery())


def test_a_token_ends_after_a_day():
    token = links.token(delivery())

    assert links.read(token, at=NOON + 24 * HOUR - SECOND)
    with pytest.raises(LinkError, match="older than 24 hours"):
        links.read(token, at=NOON + 24 * HOUR)


def test_no_byte_can_be_changed():
    token = links.token(delivery())
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))

    for place in range(len(raw)):
        forged = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(LinkError):
            links.read(base64.urlsafe_b64encode(forged).decode().rstrip("="), at=NOON)


@pytest.mark.parametrize("token", ["", "x", "é", "AAAA", "A" * 5000, "../../etc/passwd", "=" * 8, "\x00"])
def test_nonsense_is_refused(token):
    with pytest.raises(LinkError, match="not complete or was altered"):
        links.read(token, at=NOON)


def test_a_signature_for_another_purpose_is_worth_nothing():
    foreign = links.token(delivery(), purpose="media-link")

    with pytest.raises(LinkError):
        links.read(foreign, at=NOON)


def test_another_key_makes_old_links_worthless(settings):
    token = links.token(delivery())
    settings.SENTINEL_ENCRYPTION_KEYS = ["another key"]

    with pytest.raises(LinkError):
        links.read(token, at=NOON)


def test_the_key_is_not_the_secret_key(settings):
    assert crypto.derive(links.PURPOSE) != settings.SECRET_KEY.encode()[:32]
