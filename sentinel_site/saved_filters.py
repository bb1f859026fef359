"""Filters of admin lists that people keep under a name, for themselves or for everybody who may see that list.

Only a query string is kept, and only parameters that the list itself knows: no address, so a filter leads nowhere but to its list.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR
from django.contrib.auth.models import User
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from sentinel_site.lib.problems import Problem, invalid
from sentinel_site.models import SavedFilter

SHARE: Final = "sentinel_site.share_savedfilter"
MOST: Final = 40
"""So many one user may keep of one list."""
LONGEST: Final = 2000
PASSING: Final = frozenset({"p", "all", "e", "_popup", "_to_field", "_facets"})
"""Parameters of one look at a list, not of its filter."""
UNFILTERED: Final = "?p=1"
"""The list as it is without a filter; without any parameter it would open with the user's own default."""


def shown(user: User, label: str) -> list[SavedFilter]:
    """The filters of the list of ``label`` that ``user`` may use: their own, then those of others that are shared."""
    rows = SavedFilter.objects.filter(Q(user=user) | Q(shared=True), model=label).select_related("user")
    return sorted(rows, key=lambda row: (row.user_id != user.pk, row.name.casefold(), row.pk))


def default_of(user: User, label: str) -> str:
    """The query string with which ``user`` wants the list of ``label`` to open; empty when there is none."""
    return SavedFilter.objects.filter(user=user, model=label, default=True).values_list("query", flat=True).first() or ""


@transaction.atomic
def save(request: HttpRequest, label: str, said: Mapping[str, Any], *, by: User) -> SavedFilter:
    """Keep a filter of the list of ``label``; one that ``by`` has under this name gets the new query. Raises a Problem."""
    model_admin = list_of(request, label)
    name, query = str(said.get("name", "")).strip(), str(said.get("query", ""))
    if not name or len(name) > 60 or not name.isprintable():
        raise invalid([(("name",), _("Give it a name of at most 60 characters."))])
    if said.get("shared") and not by.has_perm(SHARE):
        raise Problem(403, _("You may not share filters. Ask somebody who may."))
    kept = known(request, model_admin, query)
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    own = SavedFilter.objects.filter(user=by, model=label)
    if own.exclude(name=name).count() >= MOST:
        raise Problem(409, _("You keep very many filters of this list. Delete one first."))
    if said.get("default"):
        own.update(default=False)
    values = {"query": kept, "shared": bool(said.get("shared")), "default": bool(said.get("default"))}
    return SavedFilter.objects.update_or_create(user=by, model=label, name=name, defaults=values)[0]


def delete(pk: int, *, by: User) -> SavedFilter | None:
    """Forget a filter of ``by``'s own, or a shared one if ``by`` may share. None when there is no such filter."""
    rows = SavedFilter.objects.filter(pk=pk)
    found = (rows if by.has_perm(SHARE) else rows.filter(user=by)).filter(Q(user=by) | Q(shared=True)).first()
    if found is not None:
        rows.delete()
    return found


def address(saved: SavedFilter) -> str:
    """Where it leads: the list, with its query."""
    app, model = saved.model.split(".")
    return f"{reverse(f'admin:{app}_{model}_changelist')}?{saved.query}"


def list_of(request: HttpRequest, label: str) -> "ModelAdmin[Any]":
    """The admin of ``label`` ("alerts.alert"), for who may see it. Raises a 404 Problem for every other one."""
    for model, found in admin.site._registry.items():
        if model._meta.label_lower == label and found.has_view_permission(request):
            return found
    raise Problem(404, _("There is no such list."))


def known(request: HttpRequest, model_admin: "ModelAdmin[Any]", query: str) -> str:
    """``query`` as it is kept: parameters that the list knows, with values it can use. Raises a Problem that names any other."""
    if len(query) > LONGEST:
        raise invalid([(("query",), _("This filter is too long to be kept."))])
    given = QueryDict(query.lstrip("?"), mutable=True)
    if any("\x00" in value for _name, values in given.lists() for value in values):
        raise invalid([(("query",), _("The list does not understand this filter."))])
    for name in PASSING:
        given.pop(name, None)
    asked = copy.copy(request)
    asked.GET = given  # type: ignore[assignment]  # a copy of ours
    try:
        changelist = model_admin.get_changelist_instance(asked)
    except (IncorrectLookupParameters, SuspiciousOperation, ValidationError, ValueError):
        raise invalid([(("query",), _("The list does not understand this filter."))]) from None
    strange = sorted(set(given) - parameters(changelist.filter_specs))
    if strange:
        raise invalid([(("query",), _("“%(name)s” is no filter of this list.") % {"name": strange[0][:60]})])
    if not given:
        raise invalid([(("query",), _("Nothing is filtered. Choose a filter first."))])
    return given.urlencode()


def parameters(specs: Iterable[Any]) -> set[str]:
    """Every parameter that a list with these filters knows."""
    found = {SEARCH_VAR, ORDER_VAR}
    for spec in specs:
        found |= {name for name in spec.expected_parameters() if name}
    return found


def current(request: HttpRequest, specs: Sequence[Any]) -> str:
    """What of the present address can be kept."""
    given, there = request.GET.copy(), parameters(specs)
    for name in list(given):
        if name not in there or not any(given.getlist(name)):
            del given[name]
    return given.urlencode()
