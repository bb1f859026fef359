"""S1: a key is shown once, stored as a keyed hash, and never stands in a URL, a log or an answer."""

import pytest
from django.db import connection

from sentinel_site.models import ApiKey
from tests.callers import KeyClient, make_caller, make_user

pytestmark = pytest.mark.django_db


def test_the_database_does_not_hold_the_secret():
    _, text = ApiKey.issue(user=make_user("probe"), name="probe")

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(key)::text FROM sentinel_site_apikey key")
        stored = cursor.fetchone()[0]

    assert text.split("_", 2)[2] not in stored


@pytest.mark.parametrize("name", ["key", "api_key", "token", "access_token", "authorization"])
def test_a_key_in_the_url_is_not_read(name):
    _, text = ApiKey.issue(user=make_user("probe", "alerts.view_alert"), name="probe")

    assert KeyClient().get(f"/api/v1/alerts?{name}={text}").status_code == 401


def test_a_refused_key_is_in_no_log_and_no_answer(caplog):
    wrong = "snt_0123abcd_" + "s" * 43

    answer = KeyClient(wrong).read("/alerts")

    assert answer.status_code == 401
    assert "s" * 43 not in caplog.text + answer.content.decode() + str(answer.headers)


def test_the_document_holds_no_key():
    caller = make_caller(name="probe")
    secret = caller.defaults["HTTP_AUTHORIZATION"].split("_", 2)[2]

    assert secret not in caller.read("/openapi.json").content.decode()
