"""Filters that people keep: what is kept, for whom, and where it leads."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sentinel_site import bootstrap, empty_states
from sentinel_site.models import SavedFilter
from tests.factories import make_recipient
from tests.site.test_admin import sign_in, staff

SAVE, PEOPLE, ALERTS = "/admin/saved-filters/", "/admin/notifications/recipient/", "/admin/alerts/alert/"
pytestmark = pytest.mark.django_db


def keep(client, query, *, model="notifications.recipient", name="Mine", **more):
    return client.post(SAVE, {"model": model, "query": query, "name": name, **more})


@pytest.fixture
def boss():
    return sign_in(User.objects.create_superuser("root"))


def test_a_filter_is_kept_shown_and_forgotten(boss):
    made = keep(boss, "active__exact=1&q=vale&p=3")

    listed = boss.get(f"{PEOPLE}?active__exact=1&q=vale").content.decode()
    assert made.headers["Location"] == f"{PEOPLE}?active__exact=1&q=vale"
    assert ("Forget this filter" in listed, "Keep this filter" in listed) == (True, False)
    boss.post(f"{SAVE}{SavedFilter.objects.get().pk}/delete/")
    assert not SavedFilter.objects.exists()


def test_the_default_opens_the_list_and_everything_is_one_click_away(boss):
    keep(boss, "active__exact=1", name="Old", default="1")
    keep(boss, "active__exact=0", default="1")

    assert boss.get(PEOPLE).headers["Location"] == f"{PEOPLE}?active__exact=0"
    assert [boss.get(f"{PEOPLE}?p=1").status_code, boss.get(f"{PEOPLE}?q=x").status_code, boss.get(ALERTS).status_code] == [200] * 3


@pytest.mark.parametrize("query", [
    "", "password=x", "user__password__startswith=md5", "https://evil.example/", "//evil.example?q=1",
    "active__exact=1&user__is_superuser=1",
    "q=" + "x" * 3000, "groups__members__contact_methods__address__contains=a", "active__regex=(a%2B)%2B",
    "active__exact=%00", "q=x%00",
])  # fmt: skip
def test_only_what_the_list_knows_is_kept(boss, query):
    answer = keep(boss, query)

    assert (answer.headers["Location"], SavedFilter.objects.count()) == (f"{PEOPLE}?p=1", 0)


@pytest.mark.parametrize("model", ["", "x", "auth.permission", "alerts.alert", "../evil", "notifications.Recipient"])
def test_no_filter_is_kept_of_a_list_that_one_may_not_see(model):
    client = sign_in(staff("view_recipient"))

    assert [keep(client, "q=x", model=model, name=name).status_code for name in ("Mine", "")] == [404, 404]


def test_others_see_what_is_shared_by_who_may_share(boss):
    reader = sign_in(staff("view_recipient", name="reader"))
    make_recipient()
    keep(boss, "q=a", name="<b>Shared</b>", shared="1")
    keep(boss, "q=b", name="Private")
    keep(reader, "q=c", name="Refused", shared="1")

    listed = reader.get(PEOPLE).content.decode()

    assert ("&lt;b&gt;Shared" in listed, "Private" in listed, SavedFilter.objects.filter(name="Refused").exists()) == (True, False, False)
    codes = [reader.post(f"{SAVE}{row.pk}/delete/").status_code for row in SavedFilter.objects.all()]
    assert (codes, SavedFilter.objects.count()) == ([404, 404], 2)


def test_nothing_is_kept_or_forgotten_by_a_link(boss):
    assert [boss.get(SAVE).status_code, boss.get(f"{SAVE}1/delete/").status_code] == [405, 405]


def test_a_list_costs_the_same_with_one_and_with_three_filters(boss):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            boss.get(f"{PEOPLE}?p=1")
        return len(seen)

    keep(boss, "q=a", name="a")
    queries()
    one = queries()
    keep(boss, "q=b", name="b")
    keep(boss, "q=c", name="c")

    assert queries() == one


@pytest.mark.parametrize("label", sorted(empty_states.STATES))
def test_what_an_empty_list_says_leads_somewhere(label):
    state = empty_states.of(label, User(is_superuser=True, is_active=True))

    assert (bool(state["says"]), bool(state["url"]) == bool(state["next"])) == (True, True)


def test_an_empty_list_teaches_and_a_filtered_one_says_so(boss):
    empty, filtered = boss.get(PEOPLE).content.decode(), boss.get(f"{PEOPLE}?q=nobody").content.decode()

    assert ("The people who can be told" in empty, "Nothing matches" in empty) == (True, False)
    assert ("The people who can be told" in filtered, "Nothing matches" in filtered) == (False, True)


def test_who_looks_after_things_may_share():
    assert [name for name, permissions in bootstrap.GROUPS.items() if "sentinel_site.share_savedfilter" in permissions] == [
        "Operator", "Administrator",
    ]  # fmt: skip
