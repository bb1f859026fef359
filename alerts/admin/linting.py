"""What the linter says, in the admin: a page of its own, and a word after each save of what it looks at."""

import logging
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from alerts import linting
from alerts.linting import Level
from alerts.linting.finding import Thing

VIEW = "alerts.view_escalationpolicy"
COLOURS = {Level.ERROR: "danger", Level.WARNING: "warning", Level.NOTICE: "info"}
LEVELS = {Level.ERROR: messages.ERROR, Level.WARNING: messages.WARNING, Level.NOTICE: messages.INFO}
SAID = 5
"""So many findings about a row are said after its save; the page has the rest."""
logger = logging.getLogger(__name__)


class LintPageMixin:
    """Adds the page to an admin, at ``lint/``."""

    def get_urls(self) -> list[Any]:
        """The page, before the admin's own."""
        own = path("lint/", self.admin_site.admin_view(page), name="alerts_lint")  # type: ignore[attr-defined]
        return [own, *super().get_urls()]  # type: ignore[misc]


class LintedMixin:
    """After each save of a row: what the linter says of it, and how much it says of everything else."""

    def response_add(self, request: HttpRequest, obj: Model, post_url_continue: str | None = None) -> HttpResponse:
        """As ever, and the word."""
        say(request, obj)
        return super().response_add(request, obj, post_url_continue)  # type: ignore[misc, no-any-return]

    def response_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        """As ever, and the word."""
        say(request, obj)
        return super().response_change(request, obj)  # type: ignore[misc, no-any-return]


def say(request: HttpRequest, *rows: Model) -> None:
    """Say what the linter finds about ``rows`` now. Whatever goes wrong with that, what was saved stays saved."""
    if not request.user.has_perm(VIEW):
        return
    try:
        with transaction.atomic():
            found = linting.examine(at=timezone.now())
    except Exception:  # a look at the set-up must never undo a change of it
        logger.exception("the linter failed after a save")
        return
    own = [finding for finding in found if any(finding.concerns(row) for row in rows)]
    for finding in own[:SAID]:
        messages.add_message(request, LEVELS[finding.level], f"{finding.text} {finding.fix}")
    others = sum(finding.level is not Level.NOTICE for finding in found if finding not in own[:SAID])
    if others:
        what = ngettext(
            "%(count)d other thing in the set-up will not work as meant.",
            "%(count)d other things in the set-up will not work as meant.",
            others,
        )
        text = format_html('<a href="{}">{}</a>', reverse("admin:alerts_lint"), what % {"count": others})
        messages.info(request, text)


def page(request: HttpRequest) -> HttpResponse:
    """Everything the linter says, each with what it is about."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    found = [
        {"finding": each, "colour": COLOURS[each.level], "about": [(thing.name, _url(request, thing)) for thing in each.about]}
        for each in linting.examine(at=timezone.now())
    ]
    counts = [(level, COLOURS[level], sum(row["finding"].level is level for row in found)) for level in Level]
    context = {**admin.site.each_context(request), "title": _("Will it work?"), "found": found, "counts": counts}
    return TemplateResponse(request, "admin/alerts/lint.html", context)


def _url(request: HttpRequest, thing: Thing) -> str:
    """Where the thing can be changed; empty for whoever may not see it."""
    app, _dot, model = thing.kind.partition(".")
    try:
        return reverse(f"admin:{app}_{model}_change", args=[thing.id]) if request.user.has_perm(f"{app}.view_{model}") else ""
    except NoReverseMatch:
        return ""
