"""Pages of the admin that tell of work while it goes on: they follow it by themselves, and say its end."""

from typing import Any, Final

from django.db.models import Model
from django.forms.widgets import Media, Script
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

SCRIPT: Final = Script("admin_sentinel/underway.js", type="module")
"""Belongs to the media of every page that has a `part`."""


class UnderwayMixin(ModelAdmin):  # type: ignore[misc]
    """The page of one row is shown anew, without being loaded again, until the work that the row tells of is over.

    For rows that nobody edits there: what was typed into a form would be lost.
    """

    change_form_template = "admin/underway.html"

    def underway(self, row: Any) -> str:
        """What is being done, in a few words; empty when it is over."""
        raise NotImplementedError

    def at_its_end(self, row: Any) -> str:
        """How it ended, in a few words, for those who hear the page."""
        raise NotImplementedError

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **more: Any) -> Any:
        """With whether it goes on."""
        row: Model | None = more.get("obj")
        if row is not None:
            doing = self.underway(row)
            context |= {"underway": bool(doing), "underway_says": doing or self.at_its_end(row)}
            context["media"] = context["media"] + Media(js=(SCRIPT,))  # type: ignore[arg-type]  # the stubs do not know Script here
        return super().render_change_form(request, context, **more)


def part(goes_on: bool, says: str, content: Any) -> SafeString:
    """The part of a page that is shown anew while ``goes_on``; whoever hears the page is told ``says`` whenever it is other words."""
    return format_html(
        '<p id="underway-said" class="snt-heard" role="status"></p><div id="underway" data-goes-on="{}" data-says="{}">{}</div>',
        "true" if goes_on else "false", says, content,
    )  # fmt: skip


def bar(done: Any, of: Any, name: Any) -> SafeString:
    """A bar of how much is done; the words beside it say the same. Nothing where who reports it gives no two numbers."""
    if not all(isinstance(each, int | float) for each in (done, of)):
        return SafeString("")
    return format_html('<progress class="snt-bar-of" max="{}" value="{}" aria-label="{}"></progress>', of, min(done, of), name)
