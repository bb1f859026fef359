"""Providers that hang, fail, or refuse: nobody else waits, and the next method is tried."""

import pytest

from tests.faults.house import until
from tests.faults.provider import Provider

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def seed_person(house, name, *addresses, kinds=()):
    """A person with these addresses, in this order, and a source of the same name that tells only this person, by ``kinds``."""
    house.seed(people={name: list(addresses)}, sources={name: {"people": [name], "kinds": list(kinds)}})


def test_a_provider_that_hangs_delays_nobody_else(house):
    with Provider() as hanging:
        seed_person(house, "hanging", hanging.url("/hang"))
        stuck = [house.report("hanging") for _ in range(40)]
        until(lambda: hanging.told() & set(stuck), 60, "a message that hangs")

        others = [house.report("probe") for _ in range(20)]

        until(lambda: set(others) <= house.provider.told(), 60, "the messages of the others")
        assert len(house.untold(stuck)) == 40


def test_a_500_is_tried_again_with_the_same_key(house):
    seed_person(house, "flaky", house.provider.url("/flaky"))

    alert = house.report("flaky")

    until(lambda: not house.untold([alert]), 60, "a message that was accepted")
    first, second = house.provider.of(alert)
    assert first.key == second.key


def test_a_410_disables_the_method_and_the_next_one_is_used(house, mailbox):
    seed_person(house, "moved", house.provider.url("/gone"), "moved@example.org", kinds=["webhook"])

    alert = house.report("moved", title="The stairs are dark")

    message = until(lambda: [each for each in mailbox.to("moved@example.org") if "The stairs are dark" in each["Subject"]], 60, "the mail")[
        0
    ]
    disabled = house.rows("SELECT disabled_reason FROM notifications_contactmethod WHERE kind = 'webhook' AND disabled_at IS NOT NULL")
    assert len(house.provider.of(alert)) == 1
    assert len(disabled) == 1
    assert message["X-Sentinel-Delivery"] != house.provider.of(alert)[0].key


def test_a_mail_server_that_is_gone_is_tried_again_and_the_webhook_goes_out_meanwhile(rooms):
    seed_person(rooms, "both", "both@example.org", rooms.provider.url("/ok"))
    rooms.only("watchdog", EMAIL_URL="smtp://127.0.0.1:9/?tls=none")

    alert = rooms.report("both")

    until(lambda: rooms.provider.of(alert), 60, "the webhook")
    failed = "SELECT 1 FROM notifications_delivery WHERE transport = 'email' AND status = 'failed' AND next_attempt_at IS NOT NULL"
    until(lambda: rooms.rows(failed), 60, "a mail that will be tried again")
