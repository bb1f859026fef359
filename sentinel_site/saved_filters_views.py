"""Keeping and forgetting filters of admin lists, and opening a list with the one that its user wants."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sentinel_site import saved_filters
from sentinel_site.lib.permissions import caller
from sentinel_site.lib.problems import Problem

LISTS = "_changelist"


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the filter, and go to the list with it."""
    label = request.POST.get("model", "")[:100]
    try:
        kept = saved_filters.save(request, label, request.POST, by=caller(request))
    except Problem as problem:
        if problem.status == 404:
            raise Http404 from None
        messages.error(request, problem.errors[0][1] if problem.errors else problem.detail)
        return HttpResponseRedirect(_list(label) + saved_filters.UNFILTERED)
    messages.success(request, _("The filter “%(name)s” is kept.") % {"name": kept.name})
    return HttpResponseRedirect(saved_filters.address(kept))


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget it, and go to the list."""
    found = saved_filters.delete(pk, by=caller(request))
    if found is None:
        raise Http404
    messages.success(request, _("The filter “%(name)s” is forgotten.") % {"name": found.name})
    return HttpResponseRedirect(_list(found.model) + saved_filters.UNFILTERED)


class DefaultFilter(MiddlewareMixin):
    """Opens an admin list that is asked for without any parameter with its user's default. Stands after authentication."""

    def process_view(self, request: HttpRequest, _view: Callable[..., HttpResponseBase], _args: Any, _kwargs: Any) -> HttpResponse | None:
        """Lead on to the same address with the filter's query; leave everything else alone."""
        match = request.resolver_match
        if request.method != "GET" or request.META.get("QUERY_STRING") or match is None or match.namespace != "admin":
            return None
        name = match.url_name or ""
        if not name.endswith(LISTS) or not (request.user.is_authenticated and request.user.is_staff):
            return None
        query = saved_filters.default_of(caller(request), _label(name))
        return HttpResponseRedirect(f"{request.path}?{query}") if query else None


def _label(url_name: str) -> str:
    """``sentinel_site_apikey_changelist`` is the list of sentinel_site.apikey: no model's name has an underscore in it."""
    app, _underscore, model = url_name.removesuffix(LISTS).rpartition("_")
    return f"{app}.{model}"


def _list(label: str) -> str:
    app, _dot, model = label.partition(".")
    return reverse(f"admin:{app}_{model}_changelist")
