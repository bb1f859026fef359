"""The OpenAPI document and its page: what every operation may answer besides its success, and a page that needs no CDN."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.openapi.docs import Swagger

from sentinel_site.lib.problems import MEDIA_TYPE

CSP: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_WRITES: Final = frozenset({"post", "put", "patch", "delete"})
_ALWAYS: Final = {
    "401": "No key, or a wrong one.",
    "403": "The user lacks the permission.",
    "422": "Something is invalid; `errors` says what and where.",
    "429": "Too many wrong keys from this address.",
    "503": "Overloaded or not ready; try again after `Retry-After` seconds.",
}
_WITH_PATH: Final = {"404": "There is no such thing."}
_WITH_WRITE: Final = {
    "400": "The body ended early.",
    "404": "There is no such thing.",
    "409": "In conflict with what is there, for example an illegal transition.",
    "413": "The body is too large.",
    "415": "The body is of another media type.",
}
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
        "code": {"type": "string", "description": "`illegal_transition` when an alert's status does not move that way."},
        "current": {"type": "string", "description": "The status the alert has."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"loc": {"type": "array", "items": {"type": ["string", "integer"]}}, "msg": {"type": "string"}},
            },
        },
    },
}
_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, `snt_…`."},
    "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "basic": {"type": "http", "scheme": "basic", "description": "Any user name; the password is the API key."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sentinel_session",
        "description": "A browser's sign-in; unsafe methods need X-CSRFToken.",
    },
}
_IDEMPOTENCY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "The same key and request within 24 h get the same answer.",
}


class Docs(Swagger):
    """Swagger's page from our own static files. It styles itself inline, so styles are allowed to; scripts are not."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """The page, with a content security policy it works under."""
        response = super().render_page(request, api, **kwargs)
        response["Content-Security-Policy"] = CSP
        return response


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add the problems, the ways to sign in and Idempotency-Key to every operation of ``document``."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components["securitySchemes"] = _SECURITY
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(operation, writes=method in _WRITES, with_path="{" in path)
    return document


def _complete(operation: dict[str, Any], *, writes: bool, with_path: bool) -> None:
    answers = _ALWAYS | (_WITH_WRITE if writes else {}) | (_WITH_PATH if with_path else {})
    responses = {str(code): body for code, body in operation["responses"].items()}
    for code, text in answers.items():
        responses.setdefault(code, {"description": text, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}})
    operation["responses"] = responses
    if "security" in operation:
        operation["security"] = [{name: []} for name in _SECURITY]
    if writes:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY)
