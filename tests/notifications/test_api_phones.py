"""REST of phones."""

import pytest

from notifications.models import ContactMethod
from tests.callers import make_caller

pytestmark = pytest.mark.django_db
PHONE = {"token": "abc:DEF-123/456", "platform": "android", "label": "Pixel"}


def test_a_phone_is_registered_once_and_updated():
    robin = make_caller(name="robin")

    made, again = robin.send("/devices/push-tokens", PHONE), robin.send("/devices/push-tokens", PHONE | {"label": "New"})

    assert (made.status_code, again.status_code, again.json()["id"]) == (201, 200, made.json()["id"])
    assert (again.json()["label"], again.json()["address"], ContactMethod.objects.get().usable) == ("New", "…/456", True)


def test_a_phone_is_forgotten_by_its_own_user_only():
    robin, kim = make_caller(name="robin"), make_caller(name="kim")
    robin.send("/devices/push-tokens", PHONE)
    path = f"/devices/push-tokens/{PHONE['token']}"

    assert [caller.send(path, method="DELETE").status_code for caller in (kim, robin, robin)] == [404, 204, 404]


@pytest.mark.parametrize(
    "change", [{"platform": "brick"}, {"token": ""}, {"token": "with space"}, {"token": "é" * 20}, {"label": "x" * 81}]
)
def test_a_bad_phone_is_refused(change):
    assert make_caller(name="robin").send("/devices/push-tokens", PHONE | change).status_code == 422
