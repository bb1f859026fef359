"""Finding alerts from the admin: by number, by id, by the beginnings of words, and always through an index."""

import pytest
from django.db import connection
from django.utils import timezone

from alerts.admin import search
from alerts.models import Alert
from tests.factories import make_source, raise_alert


@pytest.fixture
def alerts(db):
    make_source()
    raised = [("Fall in the kitchen", "ward-12"), ("Humidity in the cellar", "probe-7"), ("Fall in the cellar", "ward-13")]
    return [raise_alert(at=timezone.now(), title=title, subject=subject) for title, subject in raised]


def titles(term: str) -> set[str]:
    return set(search.find(Alert.objects.all(), term).values_list("title", flat=True))


@pytest.mark.parametrize(("term", "found"), [
    ("kitch", {"Fall in the kitchen"}),
    ("FALL cell", {"Fall in the cellar"}),
    ("ward-12", {"Fall in the kitchen"}),
    ("probe", {"Humidity in the cellar"}),
    ("nothing", set()),
    ("' | ! & <-> :* \\", set()),
    ("it's", set()),
    ("fall'", {"Fall in the kitchen", "Fall in the cellar"}),
])  # fmt: skip
def test_words_are_found_by_their_beginnings(alerts, term, found):
    assert titles(term) == found


@pytest.mark.parametrize("form", ["#{}", "{}", " # {} "])
def test_a_number_finds_its_alert(alerts, form):
    assert titles(form.format(alerts[1].number)) == {"Humidity in the cellar"}


def test_an_id_finds_its_alert(alerts):
    assert titles(str(alerts[2].pk)) == {"Fall in the cellar"}


def test_a_number_beyond_every_alert_finds_nothing(alerts):
    assert titles("9" * 19) == set()


def test_nothing_asked_is_everything(alerts):
    assert search.find(Alert.objects.all(), "  ").count() == 3


def test_words_are_looked_up_in_the_index(alerts):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert "Bitmap Index Scan on alert_search" in search.find(Alert.objects.all(), "kitchen").order_by().explain()


def test_few_that_are_found_are_counted_in_the_same_breath(alerts, django_assert_num_queries):
    found = search.held(Alert.objects.order_by("-id"), "fall")

    assert (found.rows, found.exactly) == (2, True)
    with django_assert_num_queries(1):
        assert [alert.pk for alert in found.alerts] == [alerts[2].pk, alerts[0].pk]


def test_of_very_many_nobody_knows_more_than_that_there_are_more(alerts):
    found = search.held(Alert.objects.all(), "cellar", few=1)

    assert (found.rows, found.exactly, found.alerts.count()) == (2, False, 2)


def test_a_filter_holds_for_what_is_found(alerts):
    found = search.held(Alert.objects.filter(subject="ward-13"), "fall")

    assert (found.rows, found.exactly, found.alerts.get().pk) == (1, True, alerts[2].pk)


@pytest.mark.parametrize("term", ["", "17"])
def test_what_is_no_word_is_not_counted_before(alerts, term):
    assert search.held(Alert.objects.all(), term).rows is None
