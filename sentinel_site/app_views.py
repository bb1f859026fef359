"""What makes the pages an app that can be installed: its manifest, its service worker, and the page that it shows without a line.

All three are open to all and hold nothing of anybody.
"""

import hashlib
import json
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

SHELL: Final = tuple(
    f"live/{name}"
    for name in (
        "base.css", "me.css", "icon.svg", "icon-192.png", "badge-96.png", "answer_queue.js", "dom.js", "kept.js", "offline.js", "focus.js",
        "press.js", "spoken.js", "time.js",
    )
)  # fmt: skip
"""What the page without a line is made of."""
WORKER: Final = "live/service_worker.js"
ICONS: Final = ((192, "any"), (512, "any"), (512, "maskable"))


@require_safe
def manifest(_request: HttpRequest) -> JsonResponse:
    """What a telephone asks for to install the pages as an app."""
    shortcuts = ((_("My alerts"), "live-me"), (_("All alerts"), "live"))
    about = {
        "id": "/live/me/", "name": "Sentinel", "short_name": "Sentinel", "description": _("Alerts, and who takes them."),
        "lang": get_language(), "start_url": "/live/me/", "scope": "/", "display": "standalone", "background_color": "#0e1217",
        "theme_color": "#0e1217", "categories": ["utilities", "productivity"], "icons": [_icon(size, use) for size, use in ICONS],
        "shortcuts": [{"name": name, "url": reverse(page)} for name, page in shortcuts],
    }  # fmt: skip
    return JsonResponse(about, content_type="application/manifest+json", headers={"Cache-Control": "no-cache"})


@require_safe
def service_worker(_request: HttpRequest) -> HttpResponse:
    """The service worker, which changes whenever what it keeps does. It stands at the root, for that is what it looks after."""
    shell = {
        "version": version(), "offline": reverse("offline"), "files": [reverse("live-words"), *map(static, SHELL)],
        "queue": static("live/answer_queue.js"), "renew": _("Open Sentinel once, so that it can go on reaching you here."),
        "said": _said_of_answers(),
    }  # fmt: skip
    text = f"const SHELL = {json.dumps(shell)};\n{(settings.BASE_DIR / 'static' / WORKER).read_text(encoding='utf-8')}"
    return HttpResponse(text, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page that says that there is no line. It is kept by the browser, so it says nothing of anybody."""
    response = render(request, "live/offline.html", {"user": None})
    response["Cache-Control"] = "no-cache"
    return response


@lru_cache(maxsize=1)
def version() -> str:
    """A digest of what the service worker keeps and of itself."""
    found = hashlib.sha256(settings.VERSION.encode())
    for name in (*SHELL, WORKER):
        found.update((settings.BASE_DIR / "static" / name).read_bytes())
    found.update((settings.BASE_DIR / "templates" / "live" / "offline.html").read_bytes())
    return found.hexdigest()[:16]


def _said_of_answers() -> dict[str, str]:
    """What a notification says of an answer that Sentinel has not taken."""
    return {
        "kept": _("Not sent yet. It goes as soon as there is a line; open Sentinel, or call."),
        "lost": _("Not sent. Open Sentinel and answer there, or call."),
        "over": _("It was closed before you answered."),
        "link": _("The link of the message is too old: open the alert."),
        "refused": _("Refused. Open Sentinel and answer there, or call."),
    }


def _icon(size: int, use: str) -> dict[str, Any]:
    name = f"live/icon-{size}{'-maskable' if use == 'maskable' else ''}.png"
    return {"src": static(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": use}
