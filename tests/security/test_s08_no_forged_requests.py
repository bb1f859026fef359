"""S8: a session alone changes nothing; a foreign page cannot act in a person's name."""

import pytest

from sentinel_site.api import api
from tests.callers import RESPONDER, KeyClient, make_user
from tests.conftest import NOON
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db
UNSAFE = sorted(
    (method, path)
    for path, operations in api.get_openapi_schema()["paths"].items()
    for method in operations
    if method in {"post", "patch", "put", "delete"}
)


@pytest.mark.parametrize(("method", "path"), UNSAFE)
def test_every_unsafe_operation_asks_a_session_for_its_token(method, path):
    make_source()
    alert = raise_alert(at=NOON)
    client = KeyClient()
    client.force_login(make_user("root", is_superuser=True))
    path = path.replace("{alert_id}", str(alert.pk)).replace("{uuid}", str(alert.pk)).replace("{token}", "x")
    for key in ("probe", str(alert.pk), "1"):
        answer = client.generic(method.upper(), path.replace("{key}", key), b"{}", content_type="application/json")
        assert answer.status_code in {403, 404}

    assert answer.status_code == 403 or "{key}" in path


def test_a_foreign_origin_is_refused_even_with_the_token():
    client = KeyClient()
    client.force_login(make_user("robin", *RESPONDER))
    client.cookies["sentinel_csrf"] = "a" * 32

    answer = client.send("/alerts/resolve", {}, **{"X-CSRFToken": "a" * 32, "Origin": "https://evil.example"})

    assert answer.status_code == 403
