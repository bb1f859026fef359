"""Counting large tables without reading them."""

import pytest
from django.core.paginator import EmptyPage
from django.db import connection
from django.utils import translation

from alerts.models import Source
from sentinel_site.lib import estimates
from sentinel_site.lib.estimates import EstimatePaginator


@pytest.fixture
def sources(db):
    Source.objects.bulk_create(Source(slug=f"s{n}", name=f"Source {n}") for n in range(25))
    return Source.objects.order_by("id")


def pretend(rows: int) -> None:
    """Let the planner believe that there are so many sources."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_class SET reltuples = %s WHERE oid = 'alerts_source'::regclass", [rows])


def test_a_small_table_is_counted(sources):
    paginator = EstimatePaginator(sources, 10)

    assert (paginator.count, paginator.num_pages, paginator.total) == (25, 3, "25")


def test_a_table_that_was_never_analysed_is_counted(sources):
    pretend(-1)

    assert EstimatePaginator(sources, 10).count == 25


def test_a_large_table_is_estimated_and_its_pages_are_bounded(sources):
    pretend(1_234_567)
    paginator = EstimatePaginator(sources, 50)

    assert (paginator.count, paginator.total, paginator.num_pages) == (1_234_567, "about 1,235,000", 200)
    with pytest.raises(EmptyPage):
        paginator.page(201)


def test_a_filtered_list_is_counted_up_to_its_bound(sources):
    paginator = EstimatePaginator(sources.filter(enabled=True), 10, bound=20)

    assert (paginator.count, paginator.total, paginator.num_pages) == (20, "20 or more", 2)


def test_what_is_known_is_not_counted_again(sources, django_assert_num_queries):
    chosen = sources.filter(enabled=True)
    with django_assert_num_queries(0):
        exact = EstimatePaginator(chosen, 10, bound=20, known=25, exactly=True)
        more = EstimatePaginator(chosen, 10, bound=20, known=21)

        assert (exact.count, exact.total, exact.num_pages) == (25, "25", 3)
        assert (more.count, more.total, more.num_pages) == (20, "20 or more", 2)


def test_what_is_known_of_too_few_pages_is_counted(sources):
    assert EstimatePaginator(sources.filter(enabled=True), 10, bound=20, known=11).count == 20


def test_a_count_is_in_the_readers_language(sources):
    pretend(1_234_567)

    with translation.override("fr"):
        assert EstimatePaginator(sources, 50).total.split() == ["environ", "1", "235", "000"]
        assert EstimatePaginator(sources.filter(enabled=True), 10, bound=20).total == "20 ou plus"


def test_an_empty_list_has_one_page(db):
    assert EstimatePaginator(Source.objects.order_by("id"), 10).num_pages == 1


def test_counting_stops(sources):
    assert estimates.count_to(sources, 7) == 7
