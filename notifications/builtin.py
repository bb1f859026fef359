"""The templates that come with Sentinel: templates/notifications/<language>/, one file per form of a message.

For a message with the reason ``first`` an SMS is ``sms.first.txt`` if there is such a file, else ``sms.txt``; a transport
that has no file of its own takes the one it shares with others. What was found is kept compiled.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final

from django.conf import settings
from django.template import Context, Engine, Template
from django.utils import translation

FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "title": ("title.txt",), "lead": ("lead.txt",), "state": ("state.txt",),
    "subject": ("subject.txt",), "push": ("push.txt",), "text": ("body.txt",),
    "html": ("body.html",), "page": ("page.html",), "sms": ("sms.txt",), "voice": ("voice.txt",), "slack": ("slack.txt", "chat.txt"),
    "apprise": ("apprise.txt", "chat.txt"),
}  # fmt: skip
"""The files of each form, the first that is there is taken."""
HTML: Final = frozenset({"html", "page"})
DATED: Final = frozenset({"text", "html", "page"})
"""Forms that write months and days of the week, whose names depend on the language that is switched on."""


def render(form: str, values: Mapping[str, Any], *, language: str, reason: str, content: str = "") -> str:
    """The text of ``form``, a page around ``content``. Only HTML is escaped. Raises whatever a template can raise."""
    template = _template(form, language, reason)
    context = Context(values, autoescape=form in HTML, use_l10n=False, use_tz=False)  # instants are in their zone already
    if content:
        context.update({"content": content})
    if form not in DATED:
        return template.render(context)
    with translation.override(language):
        return template.render(context)


def source(form: str, *, language: str, reason: str) -> str:
    """The file that ``render`` would use."""
    return str(_template(form, language, reason).source)


@lru_cache(maxsize=512)
def _template(form: str, language: str, reason: str) -> Template:
    names = [name for file in FILES[form] for name in (file.replace(".", f".{reason}.", 1), file)]
    return _engine().select_template([f"notifications/{language}/{name}" for name in names])


@cache
def _engine() -> Engine:
    """An engine of its own: no context processors, and every file is read once."""
    return Engine(dirs=[str(settings.BASE_DIR / "templates")])
