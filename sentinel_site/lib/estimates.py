"""Counting large tables without reading them: the planner's estimate, and counts that stop at a bound."""

from typing import Any, Final

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import cached_property

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
    whole table. Pages after BOUND rows do not exist.
    """

    object_list: QuerySet[Any]  # type: ignore[assignment]

    def __init__(self, *args: Any, bound: int = BOUND, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bound = min(bound, BOUND)

    @cached_property
    def count(self) -> int:
        """See the class; ``total`` puts it in words."""
        if not self._filtered:
            estimate = rows(self.object_list.model._meta.db_table)
            if estimate > BOUND:
                return estimate
        return count_to(self.object_list, self.bound)

    @cached_property
    def num_pages(self) -> int:
        """The pages within BOUND."""
        return max(1, -(-min(self.count, BOUND) // self.per_page))

    @property
    def total(self) -> str:
        """``count`` as a reader should understand it: ``about 1,200,000``, ``10,000 or more``, or the number itself."""
        if self.count > BOUND:
            return f"about {round(self.count, -3):,}"
        return f"{self.count:,} or more" if self.count == self.bound else f"{self.count:,}"

    @property
    def _filtered(self) -> bool:
        return bool(self.object_list.query.where)
