"""Counting large tables without reading them: the planner's estimate, and counts that stop at a bound."""

from typing import Any, Final

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext

from sentinel_site.lib import figures

BOUND: Final = 10_000
"""Where exact counts and pages stop. Deeper pages cost an ever longer OFFSET; who needs them narrows the filter."""


def rows(table: str) -> int:
    """How many rows PostgreSQL believes ``table`` has; -1 when it was never analysed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [f'"{table}"'])
        found = cursor.fetchone()
    return int(found[0]) if found else -1


def count_to(queryset: QuerySet[Any], bound: int) -> int:
    """How many rows ``queryset`` has, counted up to ``bound`` and no further."""
    return queryset.order_by().values("pk")[:bound].count()


class EstimatePaginator(Paginator):  # type: ignore[type-arg]
    """A paginator for tables of millions: it counts no further than it must.

    ``count`` is exact up to ``bound``; beyond, it is ``bound`` for a filtered list and the planner's estimate for a
    whole table. Pages after BOUND rows do not exist. ``known``: somebody has counted so many already, or more (not ``exactly``).
    """

    object_list: QuerySet[Any]  # type: ignore[assignment]

    def __init__(self, *args: Any, bound: int = BOUND, known: int | None = None, exactly: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bound = min(bound, BOUND)
        self.known, self.exactly = known, exactly

    @cached_property
    def count(self) -> int:
        """See the class; ``total`` puts it in words."""
        if not self._filtered:
            estimate = rows(self.object_list.model._meta.db_table)
            if estimate > BOUND:
                return estimate
        if self.known is not None and (self.exactly or self.known >= self.bound):
            return self.known if self.exactly else self.bound
        return count_to(self.object_list, self.bound)

    @cached_property
    def num_pages(self) -> int:
        """The pages within BOUND."""
        return max(1, -(-min(self.count, BOUND) // self.per_page))

    @property
    def total(self) -> str:
        """``count`` as a reader should understand it: ``about 1,200,000``, ``10,000 or more``, or the number itself."""
        if self.count > BOUND:
            return gettext("about {count}").format(count=figures.number(round(self.count, -3), 0))
        shown = figures.number(self.count, 0)
        return gettext("{count} or more").format(count=shown) if self.count == self.bound and not self.exactly else shown

    @property
    def _filtered(self) -> bool:
        return bool(self.object_list.query.where)
