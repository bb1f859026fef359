"""What a notification says, in the recipient's language and zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from notifications.facts import VARIABLES, Facts, duration, spoken_duration
from notifications.models import Delivery, Notification, Recipient
from notifications.sandbox import FILTERS, TAGS
from tests.conftest import NOON
from tests.notifications.conftest import ALERT
from tests.test_docs import ROOT


def facts(reason="first", language="fr", **context) -> Facts:
    robin = Recipient(name="Robin Vale", language=language, time_zone="Europe/Paris")
    note = Notification(recipient=robin, reason=reason, priority=1, context=context, thread="alert:1", created_at=NOON)
    return Facts(Delivery(notification=note))


def test_the_facts_are_those_of_the_alert():
    found = facts(alert=ALERT, open_seconds=7800, told=["Robin Vale", "Dana Reed"])

    assert (found.title, found.where, found.source, found.count) == ("Fall in room 12", "cam-12", "SmartEye", 1)
    assert found.since == datetime(2026, 3, 2, 12, 55, tzinfo=ZoneInfo("Europe/Paris"))
    assert (found.open_for, found.open_for_spoken) == ("2 h 10 min", "2 heures 10 minutes")


@pytest.mark.parametrize(("title", "subject", "where"), [
    ("Fall seen by CAM-12", "cam-12", ""), ("Fall seen by cam-123", "cam-12", "cam-12"), ("Fall at 3:12", "12", "12"),
    ("Fall", "cam-12", "cam-12"), (None, "cam-12", "cam-12"), ("Fall", "", ""),
])  # fmt: skip
def test_where_it_is_is_not_said_twice(title, subject, where):
    assert facts(alert={**ALERT, "title": title, "subject": subject}).where == where


def test_the_rows_have_headings_in_the_recipients_language():
    found = facts("reminder", alert=ALERT, open_seconds=300, told=["Robin Vale", "Dana Reed"])

    assert found.rows() == [
        ("Où", "cam-12"), ("Signalée", "12:55"), ("Sans réponse depuis", "5 min"), ("Par", "SmartEye"),
        ("Prévenus", "Robin Vale, Dana Reed"),
    ]  # fmt: skip


@pytest.mark.parametrize("context", [{}, {"alert": None}, {"alert": {}}, {"alert": {"title": None}}])
@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_is_there_whatever_is_missing(name, context):
    assert name in facts(**context).values
    assert facts(**context).values[name] is not Exception


def test_a_value_of_the_message_takes_the_place_of_no_variable():
    values = facts(alert=ALERT, title="Another", shift="1234").values

    assert (values["title"], values["shift"]) == ("Fall in room 12", "1234")


@pytest.mark.parametrize(("seconds", "text", "spoken"), [
    (0, "0 s", "0 second"), (59, "59 s", "59 seconds"), (300, "5 min", "5 minutes"), (3600, "1 h", "1 hour"),
    (7800, "2 h 10 min", "2 hours 10 minutes"), (90000, "1 d 1 h", "1 day 1 hour"),
])  # fmt: skip
def test_durations_are_short(seconds, text, spoken):
    assert (duration(seconds, "en"), spoken_duration(seconds, "en")) == (text, spoken)


def test_durations_are_french_too():
    assert (duration(180000, "fr"), spoken_duration(180000, "fr")) == ("2 j 2 h", "2 jours 2 heures")


@pytest.mark.parametrize("name", [*VARIABLES, *FILTERS, *TAGS])
def test_what_a_text_may_use_is_documented(name):
    assert f"`{name}`" in (ROOT / "docs" / "messages.md").read_text()
