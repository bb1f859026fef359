"""Secrets at rest."""

import pytest

from notifications.models import ContactMethod
from sentinel_site.lib import crypto
from tests.factories import make_recipient


def test_a_secret_comes_back_and_looks_different_each_time():
    first, second = crypto.encrypt("whsec_abc"), crypto.encrypt("whsec_abc")

    assert (crypto.decrypt(first), crypto.decrypt(second)) == ("whsec_abc", "whsec_abc")
    assert first != second
    assert "whsec" not in first


def test_old_keys_read_and_the_first_key_writes(settings):
    settings.SENTINEL_ENCRYPTION_KEYS = ["old"]
    stored, digest = crypto.encrypt("secret"), crypto.digest("secret", purpose="address")

    settings.SENTINEL_ENCRYPTION_KEYS = ["new", "old"]

    assert crypto.decrypt(stored) == "secret"
    assert crypto.encrypt("secret").split(".")[1] != stored.split(".")[1]
    assert crypto.digest("secret", purpose="address") == digest


def test_a_lost_key_and_an_altered_value_are_said(settings):
    settings.SENTINEL_ENCRYPTION_KEYS = ["old"]
    stored = crypto.encrypt("secret")

    with pytest.raises(crypto.UndecryptableError):
        crypto.decrypt(stored[:-4] + "AAA=")
    settings.SENTINEL_ENCRYPTION_KEYS = ["new"]
    with pytest.raises(crypto.UndecryptableError, match="SENTINEL_ENCRYPTION_KEYS"):
        crypto.decrypt(stored)


def test_digests_of_different_purposes_differ():
    assert crypto.digest("a", purpose="address") != crypto.digest("a", purpose="api-key")


@pytest.mark.django_db
def test_the_database_holds_no_address_in_plain(django_assert_num_queries):
    make_recipient("Robin Vale", email="robin@example.org")

    (stored,) = ContactMethod.objects.extra(select={"stored": "address::text"}).values_list("stored", flat=True)

    assert "robin" not in stored
    assert ContactMethod.objects.get().address == "robin@example.org"
