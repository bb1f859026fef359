"""The pages that replay reports."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from alerts.models import Alert, Replay, Report, Route
from tests.conftest import HOUR, NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert

URL = "/admin/alerts/report/replay/"
STRETCH = {"since": "2026-03-02T00:00", "until": "2026-03-03T12:00", "source": ""}


@pytest.fixture
def boss(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"), backend="django.contrib.auth.backends.ModelBackend")
    make_recipient("Ada Byron", groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 300))
    raise_alert(at=NOON, title="Water <b>in</b> the cellar")
    Route.objects.create(position=1, matchers=["source=probe"], policy=make_policy("Rooms"), priority=1)
    return client


def words(page):
    return " ".join(page.content.decode().split())


def test_one_report_is_shown_as_it_was_and_as_it_would_be(boss):
    page = words(boss.get(f"/admin/alerts/report/{Report.objects.get().pk}/replay/"))

    assert "Replay of Water &lt;b&gt;in&lt;/b&gt; the cellar" in page
    assert ("<strong>Rooms</strong>" in page, "Ada Byron by email" in page, Alert.objects.count()) == (True, True, 1)


def test_a_stretch_of_time_is_replayed_and_kept(boss):
    found = boss.post(URL, STRETCH)
    page = words(boss.get(found.url))

    assert "<strong>1</strong> of 1 report would go another way today" in page
    assert (Replay.objects.get().state, "priority (1)" in page) == ("done", True)


def test_a_long_one_says_how_far_it_is_and_looks_again(boss):
    row = Replay.objects.create(since=NOON - HOUR, until=NOON, asked_at=NOON, state="running", done=2000, total=9000)

    page = boss.get(URL, {"id": str(row.pk)})

    assert ("2000 of 9000 reports are replayed" in words(page), 'id="underway" data-goes-on="true"' in words(page)) == (True, True)


@pytest.mark.parametrize(("field", "value", "error"), [
    ("since", "soon", "Enter a valid date/time"), ("since", "9999-12-31T23:59", "outside of the years"),
    ("until", "2026-03-01T00:00", "must lie after since"), ("source", "nobody", "Select a valid choice"),
])  # fmt: skip
def test_bad_input_is_said(boss, field, value, error):
    page = boss.post(URL, {**STRETCH, field: value})

    assert (page.status_code, error in words(page)) == (200, True)


@pytest.mark.parametrize("query", ["x", "00000000-0000-0000-0000-000000000000"])
def test_a_replay_that_is_not_there_is_a_new_one(boss, query):
    assert boss.get(URL, {"id": query}).status_code == 200


def test_whoever_may_not_see_reports_is_turned_away(boss):
    client = Client()
    client.force_login(User.objects.create_user("staff", is_staff=True), backend="django.contrib.auth.backends.ModelBackend")
    report = Report.objects.get().pk

    assert [client.get(path).status_code for path in (URL, f"/admin/alerts/report/{report}/replay/")] == [403, 403]
