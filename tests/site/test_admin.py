"""The admin of the composition: overview, keys, users, and what must not be in it."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success

from alerts import lifecycle
from sentinel_site import dashboard, health
from sentinel_site.models import ApiKey, ProcessBeat
from tests.factories import make_recipient, make_source, raise_alert

KEYS = "/admin/sentinel_site/apikey/"


def sign_in(user) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def staff(*codenames, name="staff") -> User:
    """A member of staff with these permissions."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def root(db) -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def boss(root) -> Client:
    return sign_in(root)


def test_the_overview_teaches_a_new_installation(boss):
    body = boss.get("/admin/").content.decode()

    assert ("First steps" in body, "/admin/first-steps/" in body, "Somebody who is told" in body) == (True, True, True)


def test_the_overview_shows_what_is_open_late_and_answered(boss):
    make_source()
    make_recipient(groups=["oncall"])
    raise_alert(at=timezone.now() - timedelta(minutes=9), title="Fall in room 12", severity="critical")
    taken = raise_alert(at=timezone.now(), title="Door open", subject="x")
    lifecycle.acknowledge(taken, by=make_recipient("Ana Ribeiro"), at=timezone.now())

    body = boss.get("/admin/").content.decode()

    assert "<strong>1 late</strong>" in body
    assert [word in body for word in ("Fall in room 12", "Ana Ribeiro", "Door open")] == [True] * 3
    assert "First steps" not in body


def test_the_overview_names_groups_in_which_nobody_can_be_reached(boss):
    make_recipient(groups=["oncall"])
    make_recipient("Jules Petit", groups=["directors"], active=False)

    assert [group.slug for group in dashboard._unreached()] == ["directors"]


def test_the_overview_costs_the_same_with_one_and_with_three_alerts(boss):
    def queries() -> int:
        health.forget()  # it is kept for two seconds
        with CaptureQueriesContext(connection) as seen:
            boss.get("/admin/")
        return len(seen)

    make_source()
    make_recipient(groups=["oncall"])
    for severity in ("critical", "high", "medium", "low", "info"):
        raise_alert(at=timezone.now(), severity=severity)
    queries()
    one = queries()
    for subject in ("a", "b"):
        raise_alert(at=timezone.now(), severity="critical", subject=subject)

    assert queries() == one


def test_who_may_see_nothing_sees_nothing_of_the_alerts(db):
    make_source()
    raise_alert(at=timezone.now(), title="Fall in room 12", severity="critical")

    assert "Fall in room 12" not in sign_in(staff()).get("/admin/").content.decode()


def test_a_key_is_shown_once_and_never_stored(boss, root):
    made = boss.post(f"{KEYS}add/", {"user": str(root.pk), "name": "probe", "expires_at_0": "", "expires_at_1": ""})

    key = ApiKey.objects.get()
    text = made.content.decode().partition("snt_" + key.prefix)[2][:44]
    later = [boss.get(url).content.decode() for url in (KEYS, f"{KEYS}{key.pk}/change/", "/admin/")]
    assert ("no-store" in made.headers["Cache-Control"], len(text.strip()), text in key.digest) == (True, 44, False)
    assert [text in body for body in later] == [False] * 3


def test_a_key_expires_when_its_maker_said_so(boss, root):
    boss.post(f"{KEYS}add/", {"user": str(root.pk), "name": "probe", "expires_at_0": "2030-01-01", "expires_at_1": "00:00:00"})

    assert ApiKey.objects.get().expires_at.year == 2030


def test_a_key_is_revoked_and_not_deleted(boss, root):
    key, _ = ApiKey.issue(user=root, name="probe")

    boss.get(f"{KEYS}{key.pk}/revoke/")
    assert ApiKey.objects.filter(revoked_at=None).exists()
    boss.post(f"{KEYS}{key.pk}/revoke/", {"_form_submitted": "on"})

    assert not ApiKey.objects.filter(revoked_at=None).exists()
    assert boss.post(f"{KEYS}{key.pk}/delete/", {"post": "yes"}).status_code == 403


def test_only_a_superuser_makes_a_key_that_acts_as_one(root):
    client = sign_in(staff("add_apikey", "view_apikey", "view_user"))

    answer = client.post(f"{KEYS}add/", {"user": str(root.pk), "name": "mine", "expires_at_0": "", "expires_at_1": ""})

    assert (answer.status_code, ApiKey.objects.count()) == (403, 0)


def test_nobody_rises_above_themselves(root):
    user = staff("view_user", "change_user", "view_group", "change_group")
    client = sign_in(user)

    client.post(f"/admin/auth/user/{user.pk}/change/", {"username": "staff", "is_active": "on", "is_staff": "on", "is_superuser": "on"})
    refused = [client.post(f"/admin/auth/user/{root.pk}/password/", {"password1": "x", "password2": "x"}),
               client.post(f"/admin/auth/user/{root.pk}/change/", {"username": "root"})]  # fmt: skip

    user.refresh_from_db()
    assert (user.is_superuser, [answer.status_code for answer in refused]) == (False, [403, 403])


def test_the_queue_is_not_in_the_admin(boss):
    assert [admin.site.is_registered(model) for model in (Schedule, OrmQ, Success, Failure)] == [False] * 4
    assert boss.get("/admin/django_q/schedule/").status_code == 404


@pytest.mark.parametrize("page", [
    "auth/user/", "auth/group/", "auth/user/add/", "sentinel_site/apikey/", "sentinel_site/apikey/add/", "sentinel_site/processbeat/",
    "axes/accessattempt/", "search/?s=fall&extended=1",
])  # fmt: skip
def test_every_page_opens(boss, page):
    ProcessBeat.objects.create(role="web", instance="host:1", beat_at=timezone.now(), started_at=timezone.now())

    assert boss.get(f"/admin/{page}").status_code == 200


def test_the_policy_is_wide_for_the_admin_alone(boss):
    wide, strict = boss.get("/admin/").headers["Content-Security-Policy"], boss.get("/livez").headers["Content-Security-Policy"]

    assert ("'unsafe-eval'" in wide, "'unsafe-inline'" in wide, "script-src 'self' 'unsafe-inline'" in wide) == (True, True, False)
    assert "unsafe" not in strict


def test_the_list_of_users_names_their_rights_at_the_same_cost_for_one_and_for_three(boss):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            body = boss.get("/admin/auth/user/").content.decode()
        assert "everything (superuser)" in body
        return len(seen)

    queries()
    one = queries()
    for name in ("ada", "grace"):
        staff(name=name).groups.add(Group.objects.get_or_create(name="Ward")[0])

    assert queries() == one
