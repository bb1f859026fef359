"""The dashboards show each reader what they may see, and answer by REST and as CSV."""

import csv
import io

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from alerts.rollups import KEPT
from sentinel_site import statistics
from sentinel_site.lib.rolling import keeping
from tests.conftest import HOUR, NOON
from tests.factories import make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
PAGE = "/live/dashboards/"
ALERTS = "/api/v1/stats/alerts"


@pytest.fixture
def reader(user, client):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    def may(*codenames):
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return user

    return may


def test_a_reader_sees_the_charts_of_their_permissions_alone(client, reader):
    reader("view_alert")
    seen = [chart["id"] for chart in client.get(PAGE).context["charts"]]
    reader()

    assert (seen[:2], client.get(PAGE).context["charts"]) == (["alerts", "open"], [])
    assert client.get(ALERTS).status_code == client.get(f"{ALERTS}.csv?figure=raised").status_code == 403


def test_strangers_sign_in_first(client):
    assert client.get(PAGE)["Location"] == f"/accounts/login/?next={PAGE}"
    assert client.get(ALERTS).status_code == 401


def test_days_begin_by_the_clock_of_the_reader(client, reader):
    make_recipient(user=reader("view_alert"), time_zone="Asia/Kathmandu")

    assert client.get(PAGE).context["data"]["zone"] == "Asia/Kathmandu"


def test_a_table_as_csv_has_no_formula_whatever_a_source_is_called(client, reader):
    reader("view_alert")
    make_source("evil", name='=HYPERLINK("http://x";=1)')
    raise_alert(at=timezone.now() - HOUR, source="evil")
    keeping.run(KEPT[0], at=timezone.now())

    answer = client.get(f"{ALERTS}.csv?figure=by_source")
    rows = list(csv.reader(io.StringIO(answer.content.decode())))

    assert (rows[0][:2], rows[1][:2]) == (["source", "raised"], ["'=HYPERLINK(\"http://x\";'=1)", "1"])
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="sentinel-alerts-by_source-' in answer["Content-Disposition"]


HOSTILE = (
    "zone=../../etc/passwd", "zone=Nowhere/City", "step=second", "step=hour", "by=title", "by=source;DROP TABLE x", "priority=P9",
    "since=2000-01-01T00:00:00Z", "since=2026-03-02", "until=9999-01-01T00:00:00Z", f"source={'x' * 61}",
)  # fmt: skip


def test_what_makes_no_sense_or_costs_too_much_is_refused_with_a_word(client, reader):
    reader("view_alert")
    answers = {query: client.get(f"{ALERTS}?{query}") for query in HOSTILE}

    assert {query: answer.status_code for query, answer in answers.items()} == dict.fromkeys(HOSTILE, 422)
    assert all(answer.json()["errors"][0]["loc"][0] == "query" for answer in answers.values())
    assert "one of raised, to_acknowledge" in client.get(f"{ALERTS}.csv?figure=nothing").json()["detail"]


def test_a_source_that_is_none_is_no_error_and_no_statement(client, reader):
    reader("view_alert")

    answer = client.get(ALERTS, {"source": "' OR 1=1 --", "by": "source"}).json()

    assert (answer["figures"][0]["series"], answer["tables"][1]["rows"]) == ([], [])


def test_the_worker_keeps_all_of_it_and_counts_anew_when_asked():
    make_source()
    raise_alert(at=NOON - HOUR)
    said = []

    done = statistics.run_due(at=NOON)
    anew = statistics.rebuild_typed("7d", "", at=NOON, progress=lambda *words: said.append(words))

    assert (done["alerts"], anew["alerts"], said[0]) == (1, 1, ("alerts", 1, 1))
