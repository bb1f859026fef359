"""What was kept for its time is deleted, with nothing left behind; open alerts stay."""

import os
from datetime import timedelta

import pytest
from django.db import connection

from alerts import detection, escalation, images, intake, lifecycle, retention
from alerts.models import Alert, AlertEvent, AlertGroup, LogEntry, Report, Silence, SilenceHold, StepClaim, TriageOpinion
from notifications.models import Delivery, Notification
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert, report
from tests.pictures import jpeg

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _places(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.GEMINI_API_KEY = "test"


def with_picture(*, at, **fields):
    alert = raise_alert(at=at, **fields)
    detection.attach(alert.pk, jpeg(), at=at)
    alert.refresh_from_db()
    return alert


def files(settings):
    return sorted(path.relative_to(settings.MEDIA_ROOT).as_posix() for path in settings.MEDIA_ROOT.rglob("*") if path.is_file())


def aged(settings, name, *, at):
    os.utime(settings.MEDIA_ROOT / name, (at.timestamp(), at.timestamp()))


def test_raw_reports_go_after_their_time_and_alerts_stay(settings):
    make_source()
    alert = raise_alert(at=NOON, subject="old")
    raise_alert(at=NOON + DAY, subject="young")

    done = retention.sweep(at=NOON + (settings.SENTINEL_KEEP_REPORTS_DAYS * DAY) + HOUR)

    assert (done["reports"], Report.objects.get().received_at) == (1, NOON + DAY)
    assert Alert.objects.filter(pk=alert.pk).exists()


def test_live_events_go_after_their_time_and_the_newest_stays(settings):
    make_source()
    for _ in range(3):
        raise_alert(at=NOON)
    newest = AlertEvent.objects.latest("pk")

    done = retention.sweep(at=NOON + (settings.SENTINEL_KEEP_EVENTS_DAYS * DAY) + HOUR)

    assert (done["events"], list(AlertEvent.objects.all())) == (2, [newest])


def test_pictures_go_after_their_time_and_leave_no_file(settings):
    make_source()
    old = with_picture(at=NOON, subject="old")
    young = with_picture(at=NOON + DAY, subject="young")

    done = retention.sweep(at=NOON + (settings.SENTINEL_KEEP_IMAGES_DAYS * DAY) + HOUR)

    old.refresh_from_db()
    assert (done["pictures"], old.image, files(settings)) == (1, "", [young.image])


def test_a_picture_whose_file_is_gone_already_is_forgotten(settings):
    make_source()
    alert = with_picture(at=NOON)
    images.remove(alert.image)

    retention.sweep(at=NOON + 400 * DAY)

    alert.refresh_from_db()
    assert alert.image == ""


def test_files_that_no_alert_names_go_after_an_hour(settings):
    make_source()
    named = with_picture(at=NOON).image
    orphan, fresh = images.store(jpeg(), at=NOON), images.store(jpeg(), at=NOON)
    unfinished = orphan.replace(".jpg", ".part")
    (settings.MEDIA_ROOT / unfinished).write_bytes(b"half")
    for name, age in ((named, 2 * HOUR), (orphan, 2 * HOUR), (unfinished, 2 * HOUR), (fresh, MINUTE)):
        aged(settings, name, at=NOON - age)

    done = retention.sweep(at=NOON)

    assert (done["orphans"], files(settings)) == (2, sorted([named, fresh]))


def test_a_closed_alert_goes_with_everything_about_it(settings):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy(), triage=True)
    alert = with_picture(at=NOON)
    escalation.advance_due(at=NOON)
    lifecycle.resolve(alert, by=None, at=NOON + MINUTE)

    done = retention.sweep(at=NOON + (settings.SENTINEL_KEEP_ALERTS_DAYS * DAY) + HOUR)

    assert done["alerts"] == 1
    left = [model.objects.count() for model in (Alert, LogEntry, StepClaim, TriageOpinion, Report, Notification, Delivery, AlertEvent)]
    assert (left, files(settings)) == ([0] * 8, [])


def test_a_group_goes_with_the_last_of_its_alerts(settings):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy(), group_attributes=["source"])
    for subject in ("a", "b"):
        raise_alert(at=NOON, subject=subject)
        escalation.advance_due(at=NOON)
    escalation.advance_due(at=NOON + MINUTE)
    for alert in Alert.objects.all():
        lifecycle.resolve(alert, by=None, at=NOON + MINUTE)

    retention.sweep(at=NOON + (settings.SENTINEL_KEEP_ALERTS_DAYS * DAY) + HOUR)

    assert (AlertGroup.objects.count(), Notification.objects.count()) == (0, 0)


def test_an_open_alert_is_never_deleted():
    make_source()
    alert = raise_alert(at=NOON)

    retention.sweep(at=NOON + 5000 * DAY)

    assert (Alert.objects.get(), LogEntry.objects.count()) == (alert, 1)


def test_the_link_to_a_deleted_alert_ends(settings):
    make_source()
    lifecycle.resolve(raise_alert(at=NOON), by=None, at=NOON)
    later = raise_alert(at=NOON + 500 * DAY)

    retention.sweep(at=NOON + 731 * DAY)

    later.refresh_from_db()
    assert later.previous_id is None


def test_sweeping_again_finds_nothing():
    make_source()
    lifecycle.resolve(with_picture(at=NOON), by=None, at=NOON)
    retention.sweep(at=NOON + 5000 * DAY)

    assert sum(retention.sweep(at=NOON + 5000 * DAY).values()) == 0


def test_more_than_a_batch_goes_in_one_sweep():
    make_source()
    for start in range(3):
        intake.accept([report(subject=f"{start}.{n}") for n in range(700)], at=NOON)

    assert retention.sweep(at=NOON + 91 * DAY)["reports"] == 2100


def test_the_budget_of_time_is_kept():
    make_source()
    raise_alert(at=NOON)

    assert sum(retention.sweep(at=NOON + 5000 * DAY, budget_seconds=0).values()) == 0


def test_a_file_that_cannot_be_deleted_keeps_its_name_and_stops_nothing_else():
    make_source()
    stuck, other = with_picture(at=NOON, subject="a"), with_picture(at=NOON, subject="b")
    Alert.objects.filter(pk=stuck.pk).update(image="alerts/../../etc/passwd")

    done = retention.sweep(at=NOON + 31 * DAY)

    other.refresh_from_db()
    assert (done["pictures"], other.image, Alert.objects.get(pk=stuck.pk).image) == (1, "", "alerts/../../etc/passwd")


@pytest.mark.parametrize("model", [Alert, Notification, AlertGroup])
def test_deleting_never_scans_a_whole_table(model):
    bare = []
    for relation in model._meta.related_objects:
        table, column = relation.related_model._meta.db_table, relation.field.column
        with connection.cursor() as cursor:
            indexes = connection.introspection.get_constraints(cursor, table).values()
        led = {name for index in indexes if index["index"] or index["unique"] for name in index["columns"][:1]}
        if relation.field.db_constraint and column not in led:
            bare.append(f"{table}.{column}")

    assert bare == []


def test_silences_are_kept_as_long_as_alerts_with_what_they_held(settings):
    settings.SENTINEL_KEEP_ALERTS_DAYS = 30
    make_source()
    silence = Silence.objects.create(matchers=["source=probe"], reason="works", starts_at=NOON, ends_at=NOON + HOUR)
    silence.holds.create(alert=raise_alert(at=NOON), held_at=NOON)

    assert retention.sweep(at=NOON + 30 * DAY)["silences"] == 0
    assert retention.sweep(at=NOON + 31 * DAY)["silences"] == 1
    assert (Silence.objects.count(), SilenceHold.objects.count(), Alert.objects.count()) == (0, 0, 1)
