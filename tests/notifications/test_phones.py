"""The phones that the app registers."""

import pytest
from django.contrib.auth.models import User

from notifications import phones
from notifications.models import ContactMethod, Recipient
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def test_a_phone_makes_its_user_a_recipient(user):
    method, created = phones.register(user, "token-1", platform="android", label="Pixel", at=NOON)

    assert (created, method.recipient.user, method.recipient.name, method.usable) == (True, user, "Robin Vale", True)


def test_the_same_phone_again_changes_it(user):
    phones.register(user, "token-1", platform="android", at=NOON)
    ContactMethod.objects.update(disabled_at=NOON, disabled_reason="gone")

    method, created = phones.register(user, "token-1", platform="android", label="New name", at=NOON)

    assert (created, method.label, method.usable, ContactMethod.objects.count(), Recipient.objects.count()) == (
        False,
        "New name",
        True,
        1,
        1,
    )


def test_a_phone_that_changed_hands_has_one_owner(user):
    phones.register(user, "token-1", platform="ios", at=NOON)
    dana = User.objects.create_user("dana")

    phones.register(dana, "token-1", platform="ios", at=NOON)

    assert ContactMethod.objects.get().recipient.user == dana


def test_only_its_owner_unregisters_a_phone(user):
    phones.register(user, "token-1", platform="ios", at=NOON)

    assert phones.unregister(User.objects.create_user("dana"), "token-1") is False
    assert phones.unregister(user, "token-1") is True
    assert not ContactMethod.objects.exists()
