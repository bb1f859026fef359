"""S26: guessing is slowed down per address; a right key is never held up by it, and neither by a dead Redis."""

import pytest

from sentinel_site import auth
from tests.callers import KeyClient, make_caller, somewhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def guesser():
    return KeyClient("snt_00000000_" + "x" * 43, REMOTE_ADDR=somewhere())


def test_a_guesser_is_held_up_whatever_address_it_claims(guesser):
    codes = [guesser.get("/api/v1/alerts", headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(auth.MAX_FAILURES + 2)]

    assert codes == [401] * auth.MAX_FAILURES + [429, 429]
    assert guesser.read("/alerts")["Retry-After"] == "60"


def test_a_right_key_from_the_same_address_is_served(guesser):
    for _ in range(auth.MAX_FAILURES + 2):
        guesser.read("/alerts")
    caller = make_caller("alerts.view_alert")
    caller.defaults["REMOTE_ADDR"] = guesser.defaults["REMOTE_ADDR"]

    assert caller.read("/alerts").status_code == 200


def test_without_redis_nobody_is_held_up(guesser, settings):
    redis = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": redis}

    codes = {guesser.read("/alerts").status_code for _ in range(3)}

    assert codes == {401}
