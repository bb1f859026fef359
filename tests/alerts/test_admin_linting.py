"""The linter in the admin: its page, and a word after each save."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from alerts.models import Route
from tests.factories import make_policy, make_recipient, make_source

BACKEND = "django.contrib.auth.backends.ModelBackend"
LINT = "/admin/alerts/route/lint/"


def enter(user) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


@pytest.fixture
def boss(db) -> Client:
    make_recipient("Ada Byron", groups=["oncall"])
    make_source(policy=make_policy("Calls"))
    return enter(User.objects.create_superuser("boss"))


def form(**fields):
    return {"position": "2", "matchers": "room=1", "policy": "", "priority": "1", "time_zone": "UTC", "enabled": "on", **fields}


def test_the_page_lists_what_will_not_work_with_links(boss):
    route = Route.objects.create(position=1, matchers=["severity=urgent"], priority=1)

    page = boss.get(LINT).content.decode()

    assert "The route 1: severity=urgent never matches: no severity is called urgent." in page
    assert f"/admin/alerts/route/{route.pk}/change/" in page


def test_a_save_says_what_the_linter_finds(boss):
    Route.objects.create(position=1, matchers=["room=1"], policy=make_policy("Room"))

    page = boss.post("/admin/alerts/route/add/", form(), follow=True).content.decode()

    assert "The route 2: room=1 is never asked" in page
    assert f'<a href="{LINT}">' not in page  # everything else is a notice


def test_a_save_counts_what_is_wrong_elsewhere(boss):
    Route.objects.create(position=1, matchers=["severity=urgent"], priority=1)

    page = boss.post("/admin/alerts/route/add/", form(), follow=True).content.decode()

    assert f'<a href="{LINT}">1 other thing in the set-up will not work as meant.</a>' in page


def test_whoever_may_not_see_policies_is_turned_away_and_told_nothing(boss):
    Route.objects.create(position=1, matchers=["severity=urgent"], priority=1)
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["add_route", "view_route"]))
    staff = enter(user)

    page = staff.post("/admin/alerts/route/add/", form(), follow=True).content.decode()

    assert staff.get(LINT).status_code == 403
    assert "in the set-up will not work" not in page


def test_hours_are_ticked_and_written_in_the_list(boss):
    page = boss.post("/admin/alerts/route/add/", form(hours_from="22:00", hours_until="06:00", weekdays=["4", "5"]), follow=True)

    assert "room=1 and Friday, Saturday 22:00 to 06:00 (UTC)" in page.content.decode()


def test_a_new_order_is_saved_and_looked_at(boss):
    wide = Route.objects.create(position=1, policy=make_policy("Wide"))
    narrow = Route.objects.create(position=2, matchers=["room=1"], policy=make_policy("Narrow"))
    last = Route.objects.get(catch_all=True)
    rows = {f"form-{n}-{name}": value for n, (route, position) in enumerate([(narrow, 1), (wide, 2), (last, 100)])
            for name, value in (("id", route.pk), ("position", position))}  # fmt: skip
    counts = {"form-TOTAL_FORMS": 3, "form-INITIAL_FORMS": 3, "form-MIN_NUM_FORMS": 0, "form-MAX_NUM_FORMS": 1000}

    before = boss.get(LINT).content.decode()
    after = boss.post("/admin/alerts/route/", {**rows, **counts, "_save": "Save"}, follow=True).content.decode()

    assert list(Route.objects.values_list("pk", flat=True)) == [narrow.pk, wide.pk, last.pk]
    assert ("is never asked" in before, "is never asked" in after) == (True, False)
