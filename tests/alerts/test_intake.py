"""Reports become alerts, or repeat them."""

from contextlib import suppress

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from alerts import folding, intake, lifecycle, routing
from alerts.errors import InvalidReport, UnknownSource
from alerts.models import Alert, AlertEvent, Report
from tests.conftest import HOUR, NOON
from tests.factories import make_source, raise_alert, report

pytestmark = pytest.mark.django_db


def test_a_repeat_folds_into_the_open_alert():
    make_source()
    first = raise_alert(at=NOON, subject="disk")

    again = raise_alert(at=NOON + HOUR, subject="disk")

    assert (again.pk, again.occurrences, again.last_seen_at) == (first.pk, 2, NOON + HOUR)
    assert sorted(Report.objects.values_list("verdict", flat=True)) == ["accepted", "folded"]


def test_after_the_end_a_new_alert_is_linked_to_the_last():
    make_source()
    first = raise_alert(at=NOON)
    lifecycle.resolve(first, by=None, at=NOON)

    second = raise_alert(at=NOON + HOUR)

    assert (second.previous_id, second.number - first.number) == (first.pk, 1)


def test_one_batch_folds_its_own_repeats():
    make_source()

    outcomes = intake.accept([report(subject=s) for s in ("a", "b", "a")], at=NOON)

    assert [outcome.created for outcome in outcomes] == [True, True, False]
    assert Alert.objects.get(subject="a").occurrences == 2


def test_good_reports_are_stored_whatever_the_others_are():
    make_source()

    good, unknown, early = intake.accept([report(), report(source="nobody"), report(occurred_at=NOON + HOUR)], at=NOON)

    assert (type(good), type(unknown), type(early)) == (intake.Accepted, UnknownSource, InvalidReport)
    assert Alert.objects.count() == 1


@pytest.mark.parametrize("size", [1, 1000])
def test_a_batch_takes_the_same_number_of_statements(size, django_assert_max_num_queries):
    make_source()
    raise_alert(at=NOON, subject="warm")
    routing.table()  # the first was not kept: it stored a snapshot in a transaction that is not over

    with django_assert_max_num_queries(7):
        intake.accept([report(subject=str(n)) for n in range(size)], at=NOON)

    assert Alert.objects.count() == size + 1


def test_events_are_numbered_without_gaps():
    make_source()
    intake.accept([report(subject=str(n % 7)) for n in range(20)], at=NOON)
    intake.accept([report(subject="1")], at=NOON)

    ids = list(AlertEvent.objects.values_list("id", flat=True))
    assert ids == list(range(ids[0], ids[0] + 8))


def test_keys_joined_from_different_values_never_look_alike():
    source = make_source(dedup_attributes=["type", "subject"])

    keys = {folding.dedup_key(report(type=t, subject=s), source, "low") for t, s in (("a|subject=b", ""), ("a", "b|"), ("a\\", "|b"))}

    assert len(keys) == 3


def test_a_refused_report_is_kept_and_told_once():
    make_source()
    make_source("sentinel")
    for _ in range(3):
        intake.refuse(slug="probe", subject="cam-1", errors=[("image", "is not a picture")], raw="{}", at=NOON, by_id=None)

    alert = Alert.objects.get()
    assert (alert.type, alert.occurrences, Report.objects.filter(verdict="rejected").count()) == ("report-refused", 3, 3)


def test_words_in_other_languages_are_kept_with_the_alert():
    make_source()
    alert = raise_alert(title="No backup", translations={"fr": {"title": "Aucune sauvegarde"}}, at=NOON)

    with translation.override("fr"):
        assert (alert.own_title, alert.own_description) == ("Aucune sauvegarde", "")
    assert alert.own_title == "No backup"


@pytest.mark.parametrize("table", ["alerts_source", "alerts_policysnapshot"])
def test_what_an_alert_names_cannot_be_deleted_even_past_the_models(table):
    make_source()
    alert = raise_alert(at=NOON)

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")

    assert Alert.objects.select_related("source", "policy").get() == alert


def test_a_source_deleted_since_the_table_was_read_raises_nothing():
    source = make_source()
    for _ in range(2):  # the first is not kept: it stored a snapshot in a transaction that is not over
        routing.table()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM alerts_source WHERE id = %s", [source.pk])

    with suppress(IntegrityError):  # inside of a transaction it cannot try again
        intake.accept([report()], at=NOON)

    assert (Alert.objects.count(), Report.objects.count()) == (0, 0)
