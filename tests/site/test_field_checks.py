"""What is wrong with a field is said before the save, by the form's own rules, to those who may save it; nothing is kept."""

from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.core.cache import cache
from django.forms import PasswordInput
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from devices.models import Device
from jobs.models import Job
from notifications.enums import Transport
from notifications.models import ContactMethod
from sentinel_site.lib.field_checks import MOST_A_MINUTE, MOST_BYTES, FieldChecksMixin, next_times
from tests.alerts.test_admin_alerts import sign_in
from tests.factories import make_recipient, make_source, raise_alert

FORM = "application/x-www-form-urlencoded"
HOSTILE = ("\0", "💥" * 3000 + "=b", "(" * 400, "http://[::1")


def ask(client, model, field, row="", **said):
    body = "&".join(f"{name}={_quoted(value)}" for name, value in {"_field": field, "_object": str(row), **said}.items())
    return client.post(reverse(f"admin:{model}_field_check"), body, content_type=FORM)


def _quoted(text):
    return "".join(f"%{byte:02x}" for byte in text.encode())


@pytest.fixture
def boss(db):
    return sign_in(superuser=True)


def test_the_next_times_are_said_in_the_language_and_the_zone():
    friday = datetime(2026, 3, 27, 12, tzinfo=UTC)

    english = next_times("30 2 * * 1-5", "Europe/Paris", at=friday)
    with translation.override("fr"):
        french = next_times("0 0 1 1 *", "UTC", at=friday)

    assert english == (
        "Next: Monday 30 March 2026, 02:30; Tuesday 31 March 2026, 02:30; Wednesday 1 April 2026, 02:30 (Europe/Paris)."
    )  # fmt: skip
    assert french.startswith("Prochaines fois\u00a0: vendredi 1 janvier 2027, 00:00;")


@pytest.mark.parametrize(
    ("model", "field", "good", "bad", "word"),
    [
        ("jobs_job", "cron", {"cron": "0 3 * * *", "time_zone": "UTC"}, {"cron": "0 3 * *"}, "five fields"),
        ("backups_expectedbackupjob", "cron", {"cron": "0 3 * * *", "timezone": "UTC"}, {"cron": "0 24 * * *"}, "Bad hour"),
        ("alerts_maintenancewindow", "cron", {"cron": "0 3 * * *", "time_zone": "UTC", "duration_minutes": "60"},
         {"cron": "0 3 32 * *", "time_zone": "UTC", "duration_minutes": "60"}, "Bad"),
        ("alerts_route", "matchers", {"matchers": "room=1"}, {"matchers": 'room=~"(?=a)"'}, "RE2"),
        ("alerts_inhibition", "equal", {"equal": "site"}, {"equal": "a b"}, "label"),
        ("alerts_subscription", "url", {"url": "https://example.org/in"}, {"url": "example"}, "URL"),
        ("alerts_reportmapping", "title", {"title": "alert.name"}, {"title": "alert.["}, "This"),
        ("notifications_contactmethod", "address", {"address": "a@example.org", "kind": "email"}, {"kind": "sms", "address": "1"}, "This"),
        ("notifications_messagetemplate", "text", {"form": "sms", "text": "{{ title }}"}, {"form": "sms", "text": "{% if %}"}, "1"),
        ("devices_device", "host", {"host": "192.168.1.40", "driver": "nl43", "port": "2255", "ftp_port": "21"},
         {"host": "http://meter/", "driver": "nl43", "port": "2255", "ftp_port": "21"}, "alone"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_what_is_right_is_not(boss, model, field, good, bad, word):
    right, wrong = ask(boss, model, field, **good).json(), ask(boss, model, field, **bad).json()

    assert (right["errors"], len(wrong["errors"]) > 0, wrong["hint"]) == ([], True, "")
    assert word in " ".join(wrong["errors"])
    assert right["hint"].startswith("Next: ") == (field == "cron")


def test_the_open_alerts_that_match_are_counted_for_those_who_may_see_them(boss):
    make_source()
    raise_alert(at=timezone.now(), subject="s1")
    blind = sign_in("alerts.add_route", name="blind")

    said = [ask(each, "alerts_route", "matchers", matchers="subject=s1").json() for each in (boss, blind)]

    assert said == [{"errors": [], "hint": "1 of 1 open alert matches now."}, {"errors": [], "hint": ""}]


def test_a_row_that_is_asked_about_stays_as_it_is(boss):
    person = make_recipient()
    kept = ContactMethod.objects.create(recipient=person, kind=Transport.EMAIL, address="a@example.org")

    again = ask(boss, "notifications_contactmethod", "address", kind="email", address="b@example.org", row=kept.pk).json()

    assert again["errors"] == []
    assert ContactMethod.objects.get(pk=kept.pk).address == "a@example.org"


def test_only_those_who_may_save_it_may_ask(db):
    job = Job.objects.create(slug="nightly", name="Nightly", cron="0 3 * * *")
    adds, changes, looks = (sign_in(f"jobs.{deed}_job", name=deed) for deed in ("add", "change", "view"))

    asked = [ask(who, "jobs_job", "cron", row=row, cron="x").status_code for who in (adds, changes, looks) for row in ("", job.pk)]

    assert asked == [200, 403, 403, 200, 403, 403]
    assert ask(Client(), "jobs_job", "cron", cron="x").status_code == 302


def test_nothing_but_the_named_fields_can_be_asked_about(boss):
    device = Device.objects.create(slug="m", name="M", host="192.168.1.40", password="0000")

    said = [
        ask(boss, "devices_device", "password", row=device.pk, host="10.0.0.1").status_code,
        ask(boss, "devices_device", "host", row="99999999", host="10.0.0.1").status_code,
        ask(boss, "devices_device", "host", row="\0", host="10.0.0.1").status_code,
        boss.get(reverse("admin:devices_device_field_check")).status_code,
        boss.post(reverse("admin:devices_device_field_check"), {"_field": "host"}).status_code,
        ask(boss, "devices_device", "host", host="a" * MOST_BYTES).status_code,
    ]

    assert said == [404, 404, 404, 405, 415, 413]


def test_a_forged_question_is_refused(boss):
    boss.handler.enforce_csrf_checks = True

    assert ask(boss, "devices_device", "host", host="10.0.0.1").status_code == 403


def test_hostile_values_get_an_answer(boss):
    asked = [each for each in admin.site._registry.values() if isinstance(each, FieldChecksMixin)]
    answers = {
        (each.opts.label, name, ask(boss, f"{each.opts.app_label}_{each.opts.model_name}", name, **{name: value}).status_code)
        for each in asked for name in each.field_checks for value in HOSTILE
    }  # fmt: skip

    assert {answer for answer in answers if answer[2] != 200} == set()


def test_who_asks_without_end_is_held_up(boss):
    user = boss.session["_auth_user_id"]
    cache.set(f"wrong-field-check:{user}", MOST_A_MINUTE, 60)

    assert ask(boss, "devices_device", "host", host="10.0.0.1").status_code == 429


def test_no_secret_is_asked_about_or_sent_along(boss, rf):
    request = rf.get("/")
    request.user = type("Boss", (), {"has_perm": lambda *_: True, "is_superuser": True})()
    for each in (found for found in admin.site._registry.values() if isinstance(found, FieldChecksMixin)):
        fields = each.get_form(request).base_fields
        named = {name for field, check in each.field_checks.items() for name in (field, *check.beside)}
        assert named <= set(fields)
        assert not any("secret" in name or isinstance(fields[name].widget, PasswordInput) for name in named)


def test_forms_mark_the_fields_and_bring_the_script_with_them(boss):
    marked = {"jobs/job": "jobs/job", "alerts/route": "alerts/route", "notifications/recipient": "notifications/contactmethod"}
    for path, mark in marked.items():
        page = boss.get(f"/admin/{path}/add/").content.decode()

        assert (f'data-check="/admin/{mark}/field-check/"' in page, "admin_sentinel/field_check" in page) == (True, True)
