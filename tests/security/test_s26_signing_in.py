"""S26: who guesses a password is locked out, alone, whatever address they claim."""

import pytest
from django.test import Client

from tests.callers import make_user

pytestmark = pytest.mark.django_db
TRIES = 6


@pytest.fixture(autouse=True)
def _robin():
    make_user("robin")


def sign_in(password: str, forwarded: str) -> int:
    """The status of signing in as Robin, through a proxy that appends who called it."""
    return Client().post(
        "/accounts/login/", {"username": "robin", "password": password}, headers={"X-Forwarded-For": forwarded}
    ).status_code  # fmt: skip


def test_without_a_proxy_a_claimed_address_counts_for_nothing():
    codes = [sign_in("wrong", f"192.0.2.{n}") for n in range(TRIES)]

    assert (codes[0], codes[-1]) == (200, 429)


def test_behind_a_proxy_only_what_it_appended_counts(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    codes = [sign_in("wrong", f"192.0.2.{n}, 203.0.113.9") for n in range(TRIES)]

    assert (codes[0], codes[-1]) == (200, 429)


def test_behind_a_proxy_a_guesser_does_not_lock_out_the_one_who_is_guessed(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    for _ in range(TRIES):
        sign_in("wrong", "203.0.113.9")

    assert sign_in("correct horse battery", "198.51.100.7") == 302


@pytest.mark.parametrize("forwarded", ["", "unknown", "203.0.113.9:4711", "x" * 500])
def test_a_proxy_that_says_nothing_useful_does_not_keep_anybody_out(settings, forwarded):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    assert (sign_in("wrong", forwarded), sign_in("correct horse battery", forwarded)) == (200, 302)
