"""S8: a session alone changes nothing; a foreign page cannot act in a person's name."""

import re
from base64 import b64encode

import pytest

from sentinel_site.api import api
from sentinel_site.models import ApiKey
from tests.callers import REPORTER, RESPONDER, KeyClient, make_caller, make_user
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
    paths = {re.sub(r"{\w+}", key, path) for key in ("probe", str(alert.pk), "1")}
    answers = {client.generic(method.upper(), each, b"{}", content_type="application/json").status_code for each in paths}

    assert 403 in answers <= {403, 404}  # of the three kinds of key its path takes at least one


def test_a_foreign_origin_is_refused_even_with_the_token():
    client = KeyClient()
    client.force_login(make_user("robin", *RESPONDER))
    client.cookies["sentinel_csrf"] = "a" * 32

    answer = client.send("/alerts/resolve", {}, **{"X-CSRFToken": "a" * 32, "Origin": "https://evil.example"})

    assert answer.status_code == 403


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("null", 403), ("http://localhost:8000", 201), (None, 201)])
def test_a_foreign_page_cannot_use_the_basic_key_that_a_browser_keeps(settings, origin, status):
    settings.CSRF_TRUSTED_ORIGINS = ["http://localhost:8000"]
    make_source()
    _, key = ApiKey.issue(user=make_user("robin", *REPORTER), name="test")
    headers = {"Authorization": f"Basic {b64encode(f'x:{key}'.encode()).decode()}", **({"Origin": origin} if origin else {})}

    answer = KeyClient().post("/api/v1/alerts", b'{"source": "probe", "title": "x"}', content_type="application/json", headers=headers)

    assert answer.status_code == status


def test_a_foreign_page_may_send_a_key_it_was_given():
    make_source()

    assert make_caller(*REPORTER).send("/alerts", {"source": "probe", "title": "x"}, Origin="https://wall.example").status_code == 201
