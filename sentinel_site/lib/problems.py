"""Errors as `application/problem+json` (RFC 9457), and plain JSON answers.

``Problem`` may be raised by any edge; sentinel_site/api.py turns every other error into one, in one place.
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpResponse

MEDIA_TYPE: Final = "application/problem+json"
Errors = Sequence[tuple[Sequence[str | int], str]]
"""(where, what to do) pairs."""


class Problem(Exception):
    """An answer that is not a success. ``extra`` holds members of its own, for example ``code`` and ``current``."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Errors = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The problem as JSON values; also what one failed item of a batch answers."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [{"loc": list(loc), "msg": text} for loc, text in self.errors]
        return body | self.extra


def invalid(errors: Errors) -> Problem:
    """422: each error says where and what to do."""
    return Problem(422, "; ".join(f"{_path(loc)}: {text}" for loc, text in errors)[:1000], errors=errors)


def not_found(what: str) -> Problem:
    """404: ``what`` says what is not there."""
    return Problem(404, what)


def answer(problem: Problem) -> HttpResponse:
    """The HTTP answer of ``problem``."""
    response = json_answer(problem.body(), status=problem.status, media_type=MEDIA_TYPE)
    for name, value in problem.headers.items():
        response[name] = value
    return response


def json_answer(data: Any, *, status: int = 200, media_type: str = "application/json") -> HttpResponse:
    """``data`` (JSON values) as an HTTP answer; nothing is checked a second time."""
    return HttpResponse(json.dumps(data, ensure_ascii=False, separators=(",", ":")), status=status, content_type=media_type)


def _path(loc: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in (loc[1:] if len(loc) > 1 and loc[0] in {"body", "query", "path"} else loc))
