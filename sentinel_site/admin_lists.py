"""What stands on every list of the admin: the filters that people kept, and what an empty list is for.

A library of template tags, named in the settings: below `templatetags` the worker would load it, and the admin with it, for a message.
"""

from typing import Any

from django import template
from django.template.context import Context

from sentinel_site import empty_states
from sentinel_site import saved_filters as filters
from sentinel_site.lib.permissions import caller

register = template.Library()


@register.inclusion_tag("admin/saved_filters.html", takes_context=True)
def saved_filters(context: Context, cl: Any) -> dict[str, Any]:
    """The filters of this list that its user may use, and a form that keeps the present one."""
    request = cl.asked = context["request"]  # what an empty list shows is rendered without the page's context
    if cl.is_popup or not (cl.filter_specs or cl.search_fields):
        return {}
    user, label, query = caller(request), cl.opts.label_lower, filters.current(request, cl.filter_specs)
    kept = filters.shown(user, label)
    may_share = user.has_perm(filters.SHARE)
    return {
        "kept": [(row, row.query == query, row.user_id == user.pk or may_share) for row in kept], "query": query, "label": label,
        "found": any(row.query == query for row in kept), "may_share": may_share, "unfiltered": filters.UNFILTERED, "request": request,
        "csrf_token": context.get("csrf_token"), "default": any(row.default for row in kept if row.user_id == user.pk),
    }  # fmt: skip


@register.simple_tag
def empty_state(cl: Any) -> dict[str, Any]:
    """What the list of ``cl`` is for and what to do next; nothing when it is only the filter that leaves it empty."""
    request = getattr(cl, "asked", None)
    if request is None:
        return {}
    if filters.current(request, cl.filter_specs) or getattr(cl, "query", ""):
        return {"filtered": True, "unfiltered": filters.UNFILTERED}
    return empty_states.of(cl.opts.label_lower, caller(request))
