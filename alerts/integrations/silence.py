"""An address that silences one source, for scripts: POST /integrations/silence/<source>?minutes=30&reason=… with an API key."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from alerts import describe, source_silences
from alerts.enums import SILENCE_LONGEST
from alerts.models import Source
from alerts.source_silences import LifeSafetyError, SourceSilenceError
from sentinel_site.lib import problems
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import Problem, json_answer

PERMISSION: Final = "alerts.add_silence"
LONGEST_MINUTES: Final = int(SILENCE_LONGEST.total_seconds()) // 60
MAX_REASON: Final = 1000


def silence(request: HttpRequest, source: str) -> HttpResponse:
    """Silence ``source``; again, and it lasts longer."""
    try:
        return _silence(request, source)
    except Problem as problem:
        return problems.answer(problem)


def key_in_address(request: HttpRequest) -> str:
    """The key of ``?key=``, for programs that can only open an address; empty where a header carries one."""
    in_header = request.headers.get("Authorization") or request.headers.get("X-Api-Key")
    return "" if in_header else request.GET.get("key", "")


def _silence(request: HttpRequest, slug: str) -> HttpResponse:
    if request.method != "POST":
        raise Problem(405, "Send a POST: whoever only looks at this address must not silence anything.", headers={"Allow": "POST"})
    by = require(request, PERMISSION)
    try:
        done = source_silences.begin(slug, minutes=_minutes(request), reason=_reason(request), by=by, at=timezone.now())
    except Source.DoesNotExist:
        raise Problem(404, f"No source is called {slug:.60}; see Sources in the admin.") from None
    except LifeSafetyError as error:
        raise Problem(409, str(error), code="life_safety") from None
    except SourceSilenceError as error:
        raise Problem(422, str(error)) from None
    made, extended = done
    shown = {"id": str(made.pk), "source": slug, "reason": made.reason, "starts_at": describe.instant(made.starts_at),
             "ends_at": describe.instant(made.ends_at), "extended": extended}  # fmt: skip
    return json_answer(shown, status=200 if extended else 201)


def _minutes(request: HttpRequest) -> int:
    text = request.GET.get("minutes", "")
    if not (text.isascii() and text.isdigit() and len(text) < 8 and 1 <= int(text) <= LONGEST_MINUTES):
        raise Problem(422, f"Say for how long: ?minutes=30 (1 to {LONGEST_MINUTES}, which is 7 days).")
    return int(text)


def _reason(request: HttpRequest) -> str:
    reason = " ".join(request.GET.get("reason", "").replace("\x00", " ").split())
    if not reason or len(reason) > MAX_REASON:
        raise Problem(422, f"Say why: &reason=… (1 to {MAX_REASON} characters); it is shown on every alert that is held back.")
    return reason
