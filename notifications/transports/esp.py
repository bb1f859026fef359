"""Mail services over HTTP (anymail): bounded waits, no redirects, and what their answers mean.

The library bounds each read. Here the whole answer has its time as well, so that one which drips is given up.
"""

import io
import time
from importlib.util import find_spec
from typing import Any, Final

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailInvalidAddress, AnymailRecipientsRefused, AnymailRequestsAPIError
from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from notifications.errors import DeadAddress, NotificationError, OutcomeUnknown, PermanentError, TemporaryError

ANSWER_BYTES: Final = 256 * 1024
NEEDS_BOTO3: Final = "Amazon SES needs boto3: pip install boto3, or set EMAIL_URL to SES's SMTP server instead (docs/transports.md)"


def missing() -> str:
    """What the chosen service lacks on this machine."""
    return NEEDS_BOTO3 if settings.EMAIL_SERVICE == "amazon_ses" and find_spec("boto3") is None else ""


def harden(backend: BaseEmailBackend) -> None:
    """Bound what ``backend`` waits for and follow no redirect. Its session is open; SES has none, and settings of its own."""
    session: requests.Session | None = getattr(backend, "session", None)
    if session is not None:
        session.max_redirects = 0
        session.mount("https://", _Adapter())
        session.mount("http://", _Adapter())


def meaning(error: AnymailError) -> NotificationError:
    """What the service's answer, or its silence, says about the address, this message, or the service."""
    if isinstance(error, AnymailInvalidAddress | AnymailRecipientsRefused):
        return DeadAddress("the mail service says that the address is not valid or refuses mail")
    if isinstance(error, requests.TooManyRedirects):
        return TemporaryError("the mail service answered with a redirect, which is not followed: check its API_URL")
    if isinstance(error, AnymailRequestsAPIError) and error.status_code is not None:
        return _answer(error.status_code, error.response)
    if isinstance(error, requests.RequestException):
        return _silence(error)
    if isinstance(error, AnymailAPIError):
        return OutcomeUnknown(f"the mail service did not answer properly ({type(error).__name__})")
    return PermanentError(f"the message cannot be sent by this mail service ({type(error).__name__})")


def _silence(error: requests.RequestException) -> NotificationError:
    """Whether a connection came about decides whether the message may have been sent."""
    cause: Any = error.__cause__ or error
    reason = getattr(cause.args[0], "reason", None) if cause.args else None
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return TemporaryError("the mail service cannot be reached")
    if isinstance(error, requests.exceptions.SSLError):
        return TemporaryError("no safe connection to the mail service: its certificate is not accepted")
    return OutcomeUnknown("the mail service did not answer in time")


def _answer(code: int, response: Any) -> NotificationError:
    if 200 <= code < 300:
        return OutcomeUnknown("the mail service's answer cannot be understood")
    if code in {401, 403}:
        return TemporaryError(f"the mail service refused Sentinel's key ({code})")
    if code in {408, 425, 429} or code >= 500:
        wish = str(response.headers.get("Retry-After", "")) if response is not None else ""
        text = f"the mail service does not accept the message now ({code})"
        return TemporaryError(text, retry_seconds=float(wish) if wish.isascii() and wish.isdigit() and len(wish) < 7 else None)
    return PermanentError(f"the mail service refused the message ({code})")


class _Adapter(HTTPAdapter):
    """Reads the whole answer within the time that one read would have, and no more than it can use."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)

    def send(self, request: requests.PreparedRequest, stream: bool = False, timeout: Any = None, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """As HTTPAdapter, with the body read already."""
        connect, answer = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        deadline = time.monotonic() + connect + answer
        response = super().send(request, stream=True, timeout=(connect, answer), **kwargs)
        response.raw = io.BytesIO(_body(response, request, deadline))
        return response


def _body(response: requests.Response, request: requests.PreparedRequest, deadline: float) -> bytes:
    body = b""
    try:
        while chunk := response.raw.read1(ANSWER_BYTES):
            body += chunk
            if time.monotonic() > deadline or len(body) > ANSWER_BYTES:
                response.raw.close()
                raise requests.ReadTimeout("the answer took too long, or is too long", request=request, response=response)
    except (HTTPError, OSError) as error:
        response.raw.close()
        if isinstance(error, requests.RequestException):
            raise
        raise requests.ReadTimeout(str(error), request=request, response=response) from error
    response.raw.release_conn()
    return body
