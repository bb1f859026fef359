"""The admin's menu leads to every list, and the buttons of a page are those that would do something."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alerts import walls
from alerts.models import Subscription, Wall
from notifications.models import ContactMethod
from sentinel_site.models import ApiKey
from sentinel_site.unfold import UNFOLD
from tests.factories import make_method, make_recipient
from tests.jobs.rows import make_job

ITEMS = [item for group in UNFOLD["SIDEBAR"]["navigation"] for item in group["items"]]


@pytest.fixture
def boss(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def body(client, row) -> str:
    """The page of ``row``."""
    meta = row._meta
    return client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])).content.decode()


def offers(client, row, *names) -> list[bool]:
    """Whether its page has these buttons."""
    page, meta = body(client, row), row._meta
    return [reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=[row.pk]) in page for name in names]


def test_every_list_has_its_entry():
    lists = {reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in admin.site._registry}

    assert lists - {str(item["link"]) for item in ITEMS} == set()


def test_no_two_entries_have_one_icon():
    icons = [item["icon"] for item in ITEMS]

    assert sorted(icons) == sorted(set(icons))


def test_what_is_revoked_is_not_offered_to_be_revoked(boss):
    key, _text = ApiKey.issue(user=User.objects.get(), name="probe")
    wall, _url = walls.issue(name="Ward")

    before = [offers(boss, row, "revoke") for row in (key, wall)]
    ApiKey.objects.update(revoked_at=timezone.now())
    Wall.objects.update(revoked_at=timezone.now())

    assert (before, [offers(boss, row, "revoke") for row in (key, wall)]) == ([[True]] * 2, [[False]] * 2)


def test_codes_are_offered_to_what_is_not_verified_and_enabling_to_what_was_switched_off(boss):
    method = make_method(make_recipient("Ada Byron"), address="ada@example.org")
    names = ("send_code", "enter_code", "send_test", "enable_again")
    ContactMethod.objects.filter(pk=method.pk).update(verified=True, disabled_at=None)

    verified = offers(boss, method, *names)
    ContactMethod.objects.filter(pk=method.pk).update(verified=False, disabled_at=timezone.now())

    assert (verified, offers(boss, method, *names)) == ([False, False, True, False], [True] * 4)


def test_a_job_is_offered_to_be_paused_or_to_go_on(boss):
    job = make_job("import")

    running = offers(boss, job, "pause", "resume")
    job.paused_until = timezone.now() + timedelta(days=1)
    job.save()

    assert (running, offers(boss, job, "pause", "resume")) == ([True, False], [False, True])


def test_states_stand_on_pages_in_words(boss):
    wall, _url = walls.issue(name="Ward")
    subscription = Subscription.objects.create(name="Chat", url="https://chat.example.org/", secret="whsec_x")

    assert ["(&#x27;" in body(boss, row) for row in (wall, subscription)] == [False, False]
