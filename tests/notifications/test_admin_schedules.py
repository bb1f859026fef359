"""The admin of on-call schedules: layers and members, the month, overrides, imports and calendar links."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from notifications.models import CalendarFeed, OnCallOverride, OnCallSchedule, Rotation
from tests.conftest import HOUR
from tests.factories import make_policy, make_recipient, make_schedule
from tests.notifications.test_feeds import EVENT, file_of
from tests.site.test_admin import sign_in, staff

pytestmark = pytest.mark.django_db
PATH = "/admin/notifications/oncallschedule/"


@pytest.fixture
def boss():
    return sign_in(User.objects.create_superuser("root"))


def change_path(schedule):
    return f"{PATH}{schedule.pk}/change/"


def form(robin, **changes):
    """The form of a schedule with one new layer that has one member."""
    return {
        "name": "Nights", "time_zone": "Europe/Paris", "handoff_notices": "on",
        "rotations-TOTAL_FORMS": "1", "rotations-INITIAL_FORMS": "0", "rotations-0-name": "weeks", "rotations-0-position": "1",
        "rotations-0-length": "2", "rotations-0-kind": "weekly", "rotations-0-handoff_time": "09:00", "rotations-0-handoff_weekday": "0",
        "rotations-0-starts_on": "2026-01-05", "rotations-0-weekdays": ["5", "6"], "rotations-0-holiday_rule": "except",
        "rotations-0-holiday_country": "fr", "rotations-0-members-TOTAL_FORMS": "1", "rotations-0-members-INITIAL_FORMS": "0",
        "rotations-0-members-0-recipient": str(robin.pk), "rotations-0-members-0-position": "0", **changes,
    }  # fmt: skip


def test_a_schedule_is_made_with_its_layers_and_members(boss):
    robin = make_recipient()

    answer = boss.post(f"{PATH}add/", form(robin))

    assert answer.status_code == 302
    layer = OnCallSchedule.objects.get(name="Nights").rotations.get()
    assert (layer.length, layer.weekdays, layer.holiday_country) == (2, [5, 6], "FR")
    assert [member.recipient for member in layer.members.all()] == [robin]


@pytest.mark.parametrize(("change", "text"), [
    ({"time_zone": "Mars"}, "There is no such time zone"),
    ({"rotations-0-holiday_country": "XX"}, "There is no calendar of that name"),
    ({"rotations-0-holiday_country": ""}, "Say whose holidays"),
    ({"rotations-0-hours_from": "09:00"}, "Hours have a beginning and an end"),
    ({"rotations-0-length": "0"}, "greater than or equal to 1"),
])  # fmt: skip
def test_a_bad_schedule_says_what_to_do(boss, change, text):
    answer = boss.post(f"{PATH}add/", form(make_recipient(), **change))

    assert text in answer.content.decode()
    assert not OnCallSchedule.objects.exists()


def test_the_page_shows_who_is_on_call_who_is_next_and_the_month(boss):
    schedule = make_schedule("Nights", make_recipient(), make_recipient("Kim"))

    body = boss.get(change_path(schedule), {"month": "2026-03"}).content.decode()

    assert ("On call now" in body, "Next hand-offs" in body, "March 2026" in body) == (True, True, True)
    assert body.count("snt-day") >= 42
    assert "?month=2026-02" in body


@pytest.mark.parametrize("month", ["", "2026-13", "0001-01", "9999-12", "'><script>"])
def test_any_month_is_answered(boss, month):
    answer = boss.get(change_path(make_schedule("Nights")), {"month": month})

    assert (answer.status_code, b"'><script>" in answer.content) == (200, False)


def test_a_month_in_which_nobody_is_on_call_says_so(boss):
    body = boss.get(change_path(make_schedule("Nights"))).content.decode()

    assert ("No shift is planned" in body, "nobody" in body) == (True, True)


def test_the_list_says_who_is_on_call_now(boss):
    make_schedule("Nights", make_recipient())
    make_schedule("Days")

    body = boss.get(PATH).content.decode()

    assert ("Robin Vale" in body, ">Nobody</strong>" in body) == (True, True)


def test_a_schedule_that_a_policy_names_cannot_be_deleted(boss):
    schedule = make_schedule("Nights")
    make_policy("Calls").steps.get().schedules.add(schedule)

    assert boss.post(f"{PATH}{schedule.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_policy_page_says_that_whoever_is_on_call_is_told(boss):
    policy = make_policy("Calls", groups=())
    policy.steps.get().schedules.add(make_schedule("Nights", make_recipient()))

    body = boss.get(f"/admin/alerts/escalationpolicy/{policy.pk}/change/").content.decode()

    assert "whoever is on call in Nights by every transport they have" in body
    assert "reaches nobody" not in body.partition("when nobody answered")[0]


def test_a_calendar_file_becomes_overrides(boss):
    schedule, kim = make_schedule("Nights"), make_recipient("Kim")
    day = timezone.now().date() + timedelta(days=3)
    file = SimpleUploadedFile("k.ics", file_of(EVENT.replace("20260305", f"{day:%Y%m%d}")))

    answer = boss.post(f"{PATH}{schedule.pk}/import/", {"file": file, "recipient": ""}, follow=True)

    assert "Overrides made from the file: 1." in answer.content.decode()
    assert [each.recipient for each in schedule.overrides.all()] == [kim]


def test_a_file_that_is_none_says_what_to_do(boss):
    file = SimpleUploadedFile("k.ics", b"<script>alert(1)</script>")

    answer = boss.post(f"{PATH}{make_schedule('Nights').pk}/import/", {"file": file})

    assert "Export the calendar as .ics." in answer.content.decode()


def test_a_file_that_is_too_large_is_not_read(boss):
    file = SimpleUploadedFile("k.ics", b"x" * 300_000)

    answer = boss.post(f"{PATH}{make_schedule('Nights').pk}/import/", {"file": file})

    assert "larger than 256 KB" in answer.content.decode()


def test_a_calendar_link_is_shown_once_and_can_be_revoked(boss):
    schedule = make_schedule("Nights", make_recipient())

    body = boss.post("/admin/notifications/calendarfeed/add/", {"schedule": schedule.pk, "recipient": "", "label": "wall"}).content.decode()
    feed = CalendarFeed.objects.get()
    url = body.partition('tabindex="0">')[2].partition("<")[0]
    path = "/" + url.split("/", 3)[3]
    assert boss.get(path).status_code == 200
    boss.post(reverse("admin:notifications_calendarfeed_revoke", args=[feed.pk]), {"_form_submitted": "on"})

    assert boss.get(path).status_code == 404
    assert url.partition("token=")[2] not in boss.get(f"/admin/notifications/calendarfeed/{feed.pk}/change/").content.decode()


@pytest.mark.parametrize("fields", [{"schedule": "", "recipient": ""}, {"schedule": "both", "recipient": "both"}])
def test_a_calendar_link_shows_one_schedule_or_one_person(boss, fields):
    schedule, robin = make_schedule("Nights"), make_recipient()
    chosen = {"schedule": fields["schedule"] and schedule.pk, "recipient": fields["recipient"] and robin.pk}

    answer = boss.post("/admin/notifications/calendarfeed/add/", {**chosen, "label": ""})

    assert "name exactly one" in answer.content.decode()
    assert not CalendarFeed.objects.exists()


def test_overrides_have_a_list_that_says_which_count_now(boss):
    at, robin = timezone.now(), make_recipient()
    schedule = make_schedule("Nights")
    for start in (-3, -1, 2):
        schedule.overrides.create(starts_at=at + start * HOUR, ends_at=at + (start + 2) * HOUR, recipient=robin)

    body = boss.get("/admin/notifications/oncalloverride/").content.decode()

    assert [f">{word}" in body or word in body for word in ("over", "active", "planned")] == [True, True, True]


@pytest.mark.parametrize("path", ["", "add/", "{pk}/change/", "{pk}/import/"])
def test_staff_without_rights_see_nothing(path):
    schedule = make_schedule("Nights", make_recipient())

    answer = sign_in(staff("view_alert")).get(PATH + path.format(pk=schedule.pk))

    assert answer.status_code == 403


def test_who_may_only_look_changes_and_imports_nothing():
    schedule = make_schedule("Nights", make_recipient())
    looker = sign_in(staff("view_oncallschedule", "view_rotation", "view_rotationmember"))

    page = looker.get(change_path(schedule))
    looker.post(change_path(schedule), {"name": "Mine"})

    assert (page.status_code, "Import a calendar" in page.content.decode()) == (200, False)
    assert looker.post(f"{PATH}{schedule.pk}/import/", {}).status_code == 403
    assert (OnCallSchedule.objects.get().name, Rotation.objects.get().starts_on) == ("Nights", date(2026, 1, 5))
    assert not OnCallOverride.objects.exists()
