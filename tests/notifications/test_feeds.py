"""Calendars by a secret address, and calendar files that come back as overrides."""

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from django.test import Client
from django.utils import timezone

from notifications import duty, feeds, ical_import, oncall
from notifications.models import OnCallOverride
from tests.conftest import HOUR, NOON
from tests.factories import make_recipient, make_schedule

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\n"


def path_of(url):
    return url.split("://", 1)[1].partition("/")[2]


def events(file):
    found = icalendar.Calendar.from_ical(file).walk("VEVENT")
    return [(each.decoded("dtstart"), each.decoded("dtend"), str(each["summary"])) for each in found]


def read(url):
    return Client(raise_request_exception=False).get(f"/{path_of(url)}")


@pytest.fixture
def nights():
    robin, kim = make_recipient("Robin; Vale, \\Jr"), make_recipient("Kim")
    schedule = make_schedule("Nights", robin, kim, time_zone="Europe/Paris", layer={"handoff_time": "02:30", "kind": "daily"})
    schedule.overrides.create(starts_at=NOON, ends_at=NOON + HOUR, recipient=kim)
    return schedule


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC), NOON])
def test_a_calendar_read_back_gives_the_same_shifts(nights, day):
    _, url = feeds.issue(schedule=nights)
    names = {str(member.recipient_id): member.recipient.name for member in nights.rotations.get().members.all()}

    file = feeds.of_schedule(nights.pk, url.partition("token=")[2], at=day)

    value = duty.read([nights], since=day - feeds.BEFORE, until=day + feeds.AFTER)[str(nights.pk)]
    shifts = oncall.shifts_between(value, day - feeds.BEFORE, day + feeds.AFTER)
    assert len(shifts) > 200
    assert events(file) == [(shift.starts_at, shift.ends_at, names[shift.recipient]) for shift in shifts]


def test_every_event_has_an_id_of_its_own_that_stays(nights):
    _, url = feeds.issue(schedule=nights)
    token = url.partition("token=")[2]

    first, later = (
        [str(each["uid"]) for each in icalendar.Calendar.from_ical(feeds.of_schedule(nights.pk, token, at=at)).walk("VEVENT")]
        for at in (NOON, NOON + 7 * DAY)
    )

    assert len(set(first)) == len(first)
    assert len(set(first) & set(later)) > 200


def test_a_person_reads_their_own_shifts_of_every_schedule(nights):
    kim = nights.rotations.get().members.last().recipient
    make_schedule("Days", kim)
    _, url = feeds.issue(recipient=kim)

    file = feeds.of_recipient(kim.pk, url.partition("token=")[2], at=NOON)

    assert {title for _, _, title in events(file)} == {"Nights", "Days"}
    assert (NOON, NOON + HOUR, "Nights") in events(file)


def test_the_address_is_read_without_signing_in_and_without_a_redirect(nights):
    answer = read(feeds.issue(schedule=nights)[1])

    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (200, "text/calendar; charset=utf-8", "no-store")
    assert len(events(answer.content)) > 100


def test_a_wrong_revoked_or_foreign_token_opens_nothing(nights):
    kim = make_recipient("Kim Two")
    feed, url = feeds.issue(schedule=nights)
    _, other = feeds.issue(schedule=make_schedule("Days"))
    _, mine = feeds.issue(recipient=kim)
    base, _, token = url.partition("?token=")
    wrong = [
        f"{base}?token={each}"
        for each in ("", "x", token[:-1], token + "x", token.swapcase(), "\u00e9" * 300, other.partition("=")[2], mine.partition("=")[2])
    ]

    assert {read(each).status_code for each in [base, *wrong, mine.replace(str(kim.pk), str(nights.pk))]} == {404}
    feeds.revoke(feed, at=NOON)
    assert read(url).status_code == 404


def test_an_unknown_schedule_answers_as_a_wrong_token_does(nights):
    url = feeds.issue(schedule=nights)[1]
    unknown = url.replace(str(nights.pk), "0193e0a0-0000-7000-8000-000000000001")

    assert read(unknown).content == read(url + "x").content


def test_the_token_is_not_stored(nights):
    feed, url = feeds.issue(schedule=nights)

    assert url.partition("token=")[2] not in str(vars(feed))


def file_of(*bodies):
    found = "".join(f"BEGIN:VEVENT\r\nUID:{n}\r\nDTSTAMP:20260101T000000Z\r\n{body}\r\nEND:VEVENT\r\n" for n, body in enumerate(bodies))
    return f"{HEAD}{found}END:VCALENDAR\r\n".encode()


KIM = "SUMMARY:kim\r\nDTSTART:20260305T090000\r\nDTEND:20260305T170000"


def overrides(schedule):
    return [(each.starts_at, each.ends_at, each.recipient.name) for each in schedule.overrides.all()]


def test_events_become_overrides_of_those_they_are_named_after():
    make_recipient("Kim")
    schedule = make_schedule("Nights", time_zone="Europe/Paris")
    weekly = "SUMMARY:Kim\r\nDTSTART;VALUE=DATE:20260327\r\nDTEND;VALUE=DATE:20260328\r\nRRULE:FREQ=WEEKLY;COUNT=2"

    assert ical_import.take(file_of(KIM, weekly), schedule, at=NOON) == 3
    assert overrides(schedule) == [
        (datetime(2026, 3, 5, 8, tzinfo=UTC), datetime(2026, 3, 5, 16, tzinfo=UTC), "Kim"),
        (datetime(2026, 3, 26, 23, tzinfo=UTC), datetime(2026, 3, 27, 23, tzinfo=UTC), "Kim"),
        (datetime(2026, 4, 2, 22, tzinfo=UTC), datetime(2026, 4, 3, 22, tzinfo=UTC), "Kim"),
    ]


def test_a_file_may_be_one_persons_and_is_replaced_when_it_comes_again():
    robin = make_recipient()
    schedule = make_schedule("Nights")

    for _ in range(2):
        ical_import.take(file_of(KIM), schedule, recipient=robin, at=NOON)

    assert [name for _, _, name in overrides(schedule)] == ["Robin Vale"]


def test_our_own_calendar_can_be_imported(nights):
    person = nights.rotations.get().members.first().recipient
    _, url = feeds.issue(schedule=nights)
    copy = make_schedule("Copy")

    ical_import.take(read(url).content, copy, at=timezone.now())

    at = timezone.now() + 20 * DAY
    both = duty.on_call([str(nights.pk), str(copy.pk)], at=at)
    assert both[str(nights.pk)].recipient == both[str(copy.pk)].recipient
    assert copy.overrides.filter(recipient=person).exists()


EARLY = "SUMMARY:Kim\r\nDTSTART:00010101T090000Z\r\nDTEND:00010101T100000Z\r\nRRULE:FREQ=DAILY"
EVENT = "SUMMARY:Kim\r\nDTSTART:20260305T090000Z\r\nDTEND:20260305T100000Z\r\n"
MANY = "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Kim\r\nDTSTART:20260305T090000Z\r\nDTEND:20260305T100000Z\r\nEND:VEVENT\r\n" * 501


@pytest.mark.parametrize(("file", "why"), [
    (b"", "not a calendar file"),
    (b"\x00\xff" * 500, "not a calendar file"),
    (file_of(KIM.replace("kim", "k\0m")), "not a calendar file"),
    (b"BEGIN:VCALENDAR\r\n" * 10_000, "can be read"),
    (b"BEGIN:VCALENDAR\r\n" + b"X" * 300_000, "larger than 256 KB"),
    (f"{HEAD}{MANY}END:VCALENDAR\r\n".encode(), "more than 500 events"),
    (file_of("SUMMARY:Kim\r\nDTSTART:20260305T090000Z\r\nDTEND:20260305T080000Z"), "ends when it starts, or before"),
    (file_of("SUMMARY:Kim\r\nDTSTART:20260305T090000Z"), "ends when it starts"),
    (file_of(EVENT + "RRULE:FREQ=SECONDLY;COUNT=10"), "otherwise than by days"),
    (file_of(EVENT + "RRULE:FREQ=HOURLY"), "otherwise than by days"),
    (file_of(EVENT + "RRULE:FREQ=DAILY;BYSECOND=1,2,3,4"), "within a day"),
    (file_of(EVENT + "RRULE:FREQ=DAILY\r\nRRULE:FREQ=WEEKLY"), "several rules"),
    (file_of(EVENT + "RRULE:FREQ=DAILY", EVENT + "RRULE:FREQ=DAILY"), "counting repeats"),
    (file_of(EVENT + "RRULE:FREQ=DAILY;INTERVAL=99999999999999999999"), "can be read"),
    (file_of(KIM, KIM.replace("kim", "Ghost"), KIM.replace("kim", "Twin")), "“Ghost”, “Twin”"),
])  # fmt: skip
def test_a_hostile_or_useless_file_is_refused_whole_with_the_reason(file, why):
    for name in ("Kim", "Twin", "Twin"):
        make_recipient(name, email=f"{name}{timezone.now().microsecond}@example.org")
    schedule = make_schedule("Nights")

    with pytest.raises(ical_import.CalendarRefused, match=why):
        ical_import.take(file, schedule, at=NOON)

    assert not OnCallOverride.objects.exists()


def test_a_file_that_takes_too_long_is_given_up():
    make_recipient("Kim")
    slow = file_of(*[EARLY] * 40)

    with pytest.raises(ical_import.CalendarRefused, match=r"too long|more than 500"):
        ical_import.take(slow, make_schedule("Nights"), at=NOON)
