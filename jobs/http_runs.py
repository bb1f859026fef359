"""Jobs that are a call of an address: through the same guarded door as messages, with no redirects and bounded waits."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from django.utils import translation
from django.utils.translation import gettext as _

from jobs.enums import RunStatus
from jobs.errors import NotRunnable
from jobs.models import JobRun
from notifications import http
from notifications.errors import NotificationError

SHOWN: Final = 8000
"""So many characters of the answer are kept."""
HIDDEN: Final = "•••"
_SECRET_LENGTH, _TOKEN_LENGTH = 8, 16
"""So long a word of a header, and a part of a path, may be a secret."""
_NO_SECRETS: Final = {"accept", "accept-language", "content-type", "user-agent"}
_FORBIDDEN: Final = {"host", "content-length", "transfer-encoding", "connection", "idempotency-key"}


def call(run: JobRun) -> dict[str, Any]:
    """Call the job's address once, and say what came of it, as a result (see work.py). Any answer but 2xx is an error.

    The run's id goes along as Idempotency-Key. Neither the address nor the headers are ever part of the result,
    not even where the answer repeats them. Raises NotRunnable.
    """
    job = run.job
    with translation.override(None):  # it is kept with the run
        own = headers(job.http_headers)
    sent = {**own, "Idempotency-Key": str(run.pk)}
    body = b"" if job.http_method == "GET" else job.http_body.encode()
    try:
        reply = http.post(job.http_url, body, sent, total_seconds=job.timeout_seconds, once=True, method=job.http_method)
    except NotificationError as error:
        return {"status": RunStatus.ERROR, "message": f"No answer: {error}"}
    finally:
        http.close()
    good = 200 <= reply.status < 300
    return {
        "status": RunStatus.SUCCESS if good else RunStatus.ERROR,
        "stats": {"http_status": reply.status, "bytes": len(reply.body)},
        "message": _words(reply.status),
        "output": _without(secrets(job.http_url, own), reply.body.decode(errors="replace"))[:SHOWN],
    }


def secrets(url: str, own: Mapping[str, str]) -> list[str]:
    """What in a job's address and headers may be a secret, the longest first."""
    said = [value for name, value in own.items() if name.lower() not in _NO_SECRETS]
    words = [word for value in said for word in (value, *value.split())]
    parts = urlsplit(url)
    words += [value for _, value in parse_qsl(parts.query, errors="replace")]
    found = {word for word in words if len(word) >= _SECRET_LENGTH}
    found |= {part for part in parts.path.split("/") if len(part) >= _TOKEN_LENGTH}
    return sorted(found, key=len, reverse=True)


def _without(hidden: Iterable[str], text: str) -> str:
    for each in hidden:
        text = text.replace(each, HIDDEN)
    return text


def headers(text: str) -> dict[str, str]:
    """The headers in ``text``, "Name: value", a line each. Raises NotRunnable for what is none, or is not the job's to say."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not line.strip():
            continue
        if not colon or not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or not value.isprintable():
            raise NotRunnable(
                _("The headers of this job cannot be sent: write “Name: value”, a line each (see %(name)s).") % {"name": repr(name[:20])}
            )
        if name.lower() in _FORBIDDEN:
            raise NotRunnable(_("Sentinel sets the header %(name)s itself: leave it out.") % {"name": name})
        found[name] = value
    return found


def _words(status: int) -> str:
    if 300 <= status < 400:
        return f"The answer was {status}: redirects are not followed. Enter the address they lead to."
    return f"The answer was {status}."
