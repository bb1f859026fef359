"""Jobs that are a call of an address: through the same guarded door as messages, with no redirects and bounded waits."""

from typing import Any, Final

from jobs.enums import RunStatus
from jobs.errors import NotRunnable
from jobs.models import JobRun
from notifications import http
from notifications.errors import NotificationError

SHOWN: Final = 8000
"""So many characters of the answer are kept."""
_FORBIDDEN: Final = {"host", "content-length", "transfer-encoding", "connection", "idempotency-key"}


def call(run: JobRun) -> dict[str, Any]:
    """Call the job's address once, and say what came of it, as a result (see work.py). Any answer but 2xx is an error.

    The run's id goes along as Idempotency-Key. Neither the address nor the headers are ever part of the result. Raises NotRunnable.
    """
    job = run.job
    sent = {**headers(job.http_headers), "Idempotency-Key": str(run.pk)}
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
        "output": reply.body.decode(errors="replace")[:SHOWN],
    }


def headers(text: str) -> dict[str, str]:
    """The headers in ``text``, "Name: value", a line each. Raises NotRunnable for what is none, or is not the job's to say."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not line.strip():
            continue
        if not colon or not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or not value.isprintable():
            raise NotRunnable(f"The headers of this job cannot be sent: write “Name: value”, a line each (see {name[:20]!r}).")
        if name.lower() in _FORBIDDEN:
            raise NotRunnable(f"Sentinel sets the header {name} itself: leave it out.")
        found[name] = value
    return found


def _words(status: int) -> str:
    if 300 <= status < 400:
        return f"The answer was {status}: redirects are not followed. Enter the address they lead to."
    return f"The answer was {status}."
