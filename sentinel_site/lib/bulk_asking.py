"""Admin actions that ask before they begin: how many rows, what will be done, and to which ones it cannot be done and why."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext

from sentinel_site.lib.bulk import AT_ONCE, MOST, SHOWN, Begun, Deed, begin

SURE, LAST = "sure", "last"
FAILURES = 10
"""So many failures are named at once."""


def action(deed: Deed, permission: str, form: type[forms.Form] | None = None) -> Callable[..., HttpResponse]:
    """An admin action that asks, and then does ``deed``; the menu offers it to who has the admin's ``permission`` ("change").

    ``form`` is asked for with it, and what it says is given to the deed. The deed's own permission is asked in any case.
    """

    def ask(model_admin: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse:
        by = cast(User, request.user)
        if not deed.allowed(by):
            raise PermissionDenied
        sure, rows = SURE in request.POST, _seen(request, rows)
        chosen = list(rows.order_by("pk").select_related(*deed.related)[: MOST + 1])
        said = form(request.POST if sure else None) if form else None
        if sure and len(chosen) <= MOST and (said is None or said.is_valid()):
            params = {**deed.defaults, **(said.cleaned_data if said else {})}
            return _begun(request, begin(deed, [str(row.pk) for row in chosen], params, by=by, at=timezone.now()))
        return TemplateResponse(request, "admin/bulk_ask.html", _asked(model_admin, request, deed, chosen, said))

    ask.short_description = deed.title  # type: ignore[attr-defined]  # what Django's menu reads
    ask.allowed_permissions = [permission]  # type: ignore[attr-defined]
    ask.__name__ = deed.name.partition(".")[2]
    return ask


def _seen(request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Of a whole list, what was there when it was asked: what came since nobody has seen. Primary keys grow."""
    if not (SURE in request.POST and _is_across(request)):
        return rows
    try:
        last = rows.model._meta.pk.to_python(request.POST.get(LAST, ""))
    except ValidationError:
        return rows.none()
    return rows.filter(pk__lte=last)


def _is_across(request: HttpRequest) -> bool:
    """Whether the whole list was chosen, beyond what its page shows."""
    return request.POST.get("select_across") == "1"


def _begun(request: HttpRequest, begun: Begun) -> HttpResponse:
    """To the page of a run that goes on; of one that is over the list says what became of it."""
    if not begun.over:
        return HttpResponseRedirect(begun.url)
    if begun.number:
        messages.success(request, gettext("Done: %(count)d.") % {"count": begun.number})
    for row, why in begun.failures[:FAILURES]:
        messages.error(request, f"{row}: {why}")
    if len(begun.failures) > FAILURES:
        messages.error(request, gettext("And %(count)d more.") % {"count": len(begun.failures) - FAILURES})
    return HttpResponseRedirect(request.get_full_path())


def _asked(model_admin: Any, request: HttpRequest, deed: Deed, chosen: list[Any], form: forms.Form | None) -> dict[str, Any]:
    by = cast(User, request.user)
    refused = [(row, why) for row in chosen[:MOST] if (why := deed.why_not(row, by))]
    across, ticked = _is_across(request), request.POST.getlist(ACTION_CHECKBOX_NAME)
    return {
        **model_admin.admin_site.each_context(request), "title": deed.title, "deed": deed, "form": form, "opts": model_admin.opts,
        "count": min(len(chosen), MOST), "too_many": len(chosen) > MOST, "most": MOST, "can": min(len(chosen), MOST) - len(refused),
        "refused": refused[:SHOWN], "more": max(0, len(refused) - SHOWN), "long": deed.is_long(len(chosen)), "at_once": AT_ONCE,
        "action": request.POST.get("action", ""), "across": across, "box": ACTION_CHECKBOX_NAME,
        "ticked": ticked[: 1 if across else MOST], "last": str(chosen[-1].pk) if across and chosen else "",
        "back": request.get_full_path(), "examples": [str(row) for row in chosen[:5]],
    }  # fmt: skip
