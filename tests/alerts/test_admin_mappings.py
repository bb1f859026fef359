"""Mappings in the admin: written, tried while they are typed, and checked."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from alerts.models import ReportMapping
from tests.conftest import NOON
from tests.factories import make_source, raise_alert

URL = "/admin/alerts/reportmapping/"


@pytest.fixture
def boss(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def typed(db):
    source = make_source()
    return {"slug": "zabbix", "source": str(source.pk), "enabled": "on", "title": "text", "severity": "level", "words": "5=critical\n"}


def show(boss, typed, **more):
    return " ".join(boss.post(f"{URL}preview/", {**typed, **more}).content.decode().split())


def test_a_mapping_is_saved(boss, typed):
    answer = boss.post(f"{URL}add/", typed)

    assert (answer.status_code, ReportMapping.objects.get().words) == (302, ["5=critical"])
    assert "mapping-preview" in boss.get(f"{URL}{ReportMapping.objects.get().pk}/change/").content.decode()


@pytest.mark.parametrize(("field", "value", "error"), [
    ("title", "a[", "is not a JMESPath expression"), ("title", "", "This field is required"), ("words", "5", "is not word=meaning"),
    ("severity", "a" * 1001, "at most 1000 characters"), ("slug", "preview", "is taken"),
])  # fmt: skip
def test_what_cannot_work_is_said_beside_its_field(boss, typed, field, value, error):
    page = boss.post(f"{URL}add/", {**typed, field: value})

    assert (page.status_code, error in page.content.decode()) == (200, True)


def test_the_preview_shows_what_is_found_in_the_last_messages(boss, typed):
    raise_alert(at=NOON, raw='{"text": "Disk <i>full</i>", "level": 5}')

    page = show(boss, typed)

    assert ("Disk &lt;i&gt;full&lt;/i&gt;" in page, "critical" in page) == (True, True)


@pytest.mark.parametrize(("more", "said"), [
    ({"sample": '{"text": "Mine", "level": 5}'}, "<strong>Mine</strong>"), ({"sample": "{"}, "Your message:"),
    ({"sample": '{"text": 5}', "title": "other"}, "finds nothing in this message"), ({"title": ""}, "Write an expression for the title"),
    ({"source": ""}, "Choose a source"), ({}, "Nothing has come from"), ({"sample": '{"text": "x"}', "words": "5"}, "is not word=meaning"),
    ({"sample": '{"text": "x"}', "title": "a["}, "is not a JMESPath expression"),
])  # fmt: skip
def test_the_preview_says_what_is_missing(boss, typed, more, said):
    assert said.replace("'", "&#x27;") in show(boss, typed, **more)


def test_whoever_may_not_see_mappings_or_reports_sees_no_preview(typed):
    client = Client()
    client.force_login(User.objects.create_user("staff", is_staff=True), backend="django.contrib.auth.backends.ModelBackend")

    assert (client.post(f"{URL}preview/", typed).status_code, client.get(URL).status_code) == (403, 403)
