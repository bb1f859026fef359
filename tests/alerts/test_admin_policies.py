"""Sources, reports, routes and policies in the admin."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts import intake
from alerts.admin.policies import meaning
from alerts.models import EscalationPolicy, Report, Route, Source
from tests.conftest import NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert

LISTS = ["source", "report", "route", "escalationpolicy"]
ROUTE = {"position": "5", "matchers": "", "source": "", "enabled": "on", "policy": "", "priority": "1", "time_zone": "Europe/Paris"}


@pytest.fixture
def boss(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def url(row, action="change") -> str:
    return f"/admin/alerts/{row._meta.model_name}/{row.pk}/{action}/"


@pytest.mark.parametrize("model", LISTS)
def test_every_list_opens_with_nothing_in_it(boss, model):
    assert boss.get(f"/admin/alerts/{model}/").status_code == 200


@pytest.mark.parametrize("model", LISTS)
def test_every_list_costs_the_same_at_one_and_at_three_rows(boss, model):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert boss.get(f"/admin/alerts/{model}/").status_code == 200
        return len(seen)

    make_recipient(groups=["oncall"])
    source = make_source()
    Route.objects.create(policy=EscalationPolicy.objects.get(), source=source)
    raise_alert(at=NOON)
    queries()
    one = queries()
    for number in (1, 2):
        policy = make_policy(f"Policy {number}", 0, 60)
        Route.objects.create(policy=policy, source=make_source(f"source-{number}", policy=policy))
        raise_alert(at=NOON, source=f"source-{number}", title="x")

    assert queries() == one


def test_every_page_opens(boss):
    source = make_source()
    raise_alert(at=NOON)

    rows = [source, Report.objects.get(), Route.objects.get(), EscalationPolicy.objects.get()]

    assert [boss.get(url(row)).status_code for row in rows] == [200] * 4
    assert [boss.get(f"/admin/alerts/{model}/add/").status_code for model in LISTS] == [200, 403, 200, 200]


def test_a_rejected_report_is_listed_with_its_reason(boss):
    make_source()
    intake.refuse(slug="nosuch", subject="", errors=[("source", "no enabled source is called nosuch")], raw="{}", at=NOON, by_id=None)

    body = boss.get("/admin/alerts/report/").content.decode()

    assert ("Rejected" in body, "no enabled source is called" in body) == (True, True)


def test_a_matcher_that_cannot_be_read_is_refused_in_words(boss):
    answer = boss.post("/admin/alerts/route/add/", {**ROUTE, "matchers": "severity=high\nroom ~ 12"})

    assert "is not a matcher. Write name=value" in answer.content.decode()
    assert not Route.objects.exists()


def test_a_route_keeps_one_matcher_a_line(boss):
    boss.post("/admin/alerts/route/add/", {**ROUTE, "matchers": 'severity=high\n\n room=~"1.*" '})

    assert Route.objects.get().matchers == ["severity=high", 'room=~"1.*"']


def test_a_route_that_changes_nothing_is_refused(boss):
    answer = boss.post("/admin/alerts/route/add/", {**ROUTE, "priority": ""})

    assert "would change nothing" in answer.content.decode()


def test_the_catch_all_cannot_be_deleted_and_takes_no_condition(boss):
    make_source()
    catch_all = Route.objects.get()

    assert boss.post(url(catch_all, "delete"), {"post": "yes"}).status_code == 403
    boss.post(url(catch_all), {"policy": str(catch_all.policy_id), "priority": "2", "matchers": "a=b", "enabled": "", "position": "1"})

    catch_all.refresh_from_db()
    assert (catch_all.matchers, catch_all.enabled, catch_all.priority) == ([], True, 2)


def test_the_catch_all_keeps_a_policy(boss):
    make_source()
    catch_all = Route.objects.get()

    assert "required" in boss.post(url(catch_all), {"policy": "", "priority": "2"}).content.decode()


def test_an_attribute_no_report_has_is_refused(boss):
    make_source()

    answer = boss.post(url(Source.objects.get()), {"dedup_attributes": "source\ncolour", "group_attributes": "label.room"})

    assert "colour: reports have no such attribute" in answer.content.decode()


def test_a_source_with_alerts_cannot_be_deleted(boss):
    source = make_source()
    raise_alert(at=NOON)

    assert boss.post(url(source, "delete"), {"post": "yes"}).status_code == 403


def test_a_policy_in_use_cannot_be_deleted(boss):
    make_source()

    assert boss.post(url(EscalationPolicy.objects.get(), "delete"), {"post": "yes"}).status_code == 403


def test_a_policy_says_what_happens_and_what_will_not_work(db):
    make_recipient(groups=["oncall"])
    policy = make_policy("Calls", 0, 300, last_resort=["managers"], expires_after_seconds=400)

    lines = meaning(policy)

    assert lines[0] == ("At 0 s “after 0”: group oncall by every transport they have.", "")
    assert [warning for _, warning in lines if warning] == ["The last resort reaches nobody.", "It expires before the last resort is told."]


def test_a_step_that_reaches_nobody_is_named_on_the_page(boss):
    policy = make_policy("Calls", 0, groups=["nobody"])

    assert "The step at 0 s reaches nobody." in boss.get(url(policy)).content.decode()
