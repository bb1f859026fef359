"""What the admin pages of every app have in common: rows nobody edits, and lists of millions of them."""

from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.utils import parse_datetime_str
from unfold.views import ChangeList

from sentinel_site.lib.estimates import EstimatePaginator
from sentinel_site.lib.ids import floor

AHEAD = 10
"""How many pages beyond the present one a filtered list counts."""
_KNOWN: Final = "_sentinel_rows_known"


class ReadOnlyMixin:
    """Rows that people may look at and nobody may add, change or delete here."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False


class NoBulkDeleteMixin:
    """Rows that are deleted one by one, if at all: each deletion is asked about on its own."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Everything but the deletion of several at once."""
        return {name: found for name, found in super().get_actions(request).items() if name != "delete_selected"}  # type: ignore[misc]


class OfferedMixin:
    """Buttons stand on the page of a row only where they would do something."""

    def idle_actions(self, object_id: Any) -> set[str]:
        """The names of those that would do nothing to the row with this key."""
        return set()

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The rest."""
        idle = tuple(f"_{name}" for name in self.idle_actions(object_id))
        return [each for each in super().get_actions_detail(request, object_id) if not each.action_name.endswith(idle)]  # type: ignore[misc]


class _LargeChangeList(ChangeList):  # type: ignore[misc]
    """A list that does not speak of a total it never counted."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count


class LargeListMixin(ModelAdmin):  # type: ignore[misc]
    """A list over millions: nothing counts them all, and the newest come first by the primary key (a UUIDv7)."""

    ordering = ("-id",)
    paginator = EstimatePaginator
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_disable_select_all = True
    list_filter_submit = True
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """One without a total."""
        return _LargeChangeList

    def get_paginator(self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **kwargs: Any) -> EstimatePaginator:
        """One that counts AHEAD pages beyond the one asked for."""
        asked = request.GET.get(PAGE_VAR, "1")
        page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1
        count, exactly = getattr(request, _KNOWN, (None, False))
        return EstimatePaginator(queryset, per_page, *args, bound=(page + AHEAD) * per_page, known=count, exactly=exactly, **kwargs)

    @staticmethod
    def known(request: HttpRequest, count: int | None, *, exactly: bool) -> None:
        """Whoever made the list of ``request`` has counted it: ``count`` rows, or more (not ``exactly``). Nobody counts again."""
        setattr(request, _KNOWN, (count, exactly))


class BornFilter(RangeDateTimeFilter):  # type: ignore[misc]
    """When the row was made. Ids begin with that instant, so the primary key answers; a day without a time begins at midnight."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the range; half a range has one end."""
        for edge, lookup in (("from", "id__gte"), ("to", "id__lt")):
            day = self.used_parameters.get(f"{self.parameter_name}_{edge}_0")
            time = self.used_parameters.get(f"{self.parameter_name}_{edge}_1") or "00:00:00"
            instant = parse_datetime_str(f"{day} {time}") if day else None
            if instant is not None:
                aware = timezone.make_aware(instant) if timezone.is_naive(instant) else instant
                queryset = queryset.filter(**{lookup: floor(aware)})
        return queryset
