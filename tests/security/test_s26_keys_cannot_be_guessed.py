"""S26: guessing is slowed down per address; a right key is never held up by it, and neither by a dead Redis."""

import pytest
from django.core.cache import cache

from sentinel_site import auth
from tests.callers import KeyClient, make_caller

pytestmark = pytest.mark.django_db
WRONG = KeyClient("snt_00000000_" + "x" * 43)


@pytest.fixture(autouse=True)
def _clean():
    cache.clear()
    yield
    cache.clear()


def test_a_guesser_is_held_up_whatever_address_it_claims():
    codes = [WRONG.get("/api/v1/alerts", headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(auth.MAX_FAILURES + 2)]

    assert codes == [401] * auth.MAX_FAILURES + [429, 429]
    assert WRONG.read("/alerts")["Retry-After"] == "60"


def test_a_right_key_from_the_same_address_is_served():
    for _ in range(auth.MAX_FAILURES + 2):
        WRONG.read("/alerts")

    assert make_caller("alerts.view_alert").read("/alerts").status_code == 200


def test_without_redis_nobody_is_held_up(settings):
    redis = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": redis}

    codes = {WRONG.read("/alerts").status_code for _ in range(3)}

    assert codes == {401}
