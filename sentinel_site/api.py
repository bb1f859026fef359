"""The REST API under /api/v1: routers of the apps, who may call, and every error as a problem, mapped here and nowhere else."""

import logging
import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.errors import ValidationError as RequestInvalid
from ninja.parser import Parser
from psycopg_pool import PoolTimeout
from pydantic import ValidationError as ModelInvalid

from alerts import reports
from alerts.api import router as alerts_router
from alerts.api_config import router as config_router
from alerts.api_foresight import router as foresight_router
from alerts.api_mappings import router as mappings_router
from alerts.api_noise import router as noise_router
from alerts.api_reports import router as reports_router
from alerts.api_statistics import router as alert_statistics_router
from alerts.api_story import router as story_router
from alerts.api_subscriptions import router as subscriptions_router
from alerts.api_walls import router as walls_router
from alerts.errors import ConfigurationError, IllegalTransition, InvalidReport
from alerts.integrations.detections import router as detections_router
from backups.api import router as backups_router
from backups.api_scans import router as scans_router
from backups.api_statistics import router as backup_statistics_router
from devices.api import router as devices_router
from devices.api_commands import router as device_commands_router
from devices.api_files import router as device_files_router
from devices.api_notes import router as notes_router
from devices.api_readings import router as readings_router
from devices.api_rules import router as device_rules_router
from devices.api_statistics import router as device_statistics_router
from jobs.api import router as jobs_router
from jobs.api_statistics import router as job_statistics_router
from jobs.errors import IllegalRun, JobError
from notifications.api import router as people_router
from notifications.api_own import router as own_router
from notifications.api_phones import router as phones_router
from notifications.api_rules import router as rules_router
from notifications.api_schedules import router as schedules_router
from notifications.api_statistics import router as message_statistics_router
from notifications.api_transports import router as transports_router
from notifications.api_verification import router as verification_router
from sentinel_site import idempotency, openapi
from sentinel_site.api_changes import router as changes_router
from sentinel_site.auth import Caller
from sentinel_site.language_cookie import HEADER
from sentinel_site.lib import bodies, jsontext, problems
from sentinel_site.lib.problems import Problem

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
BUSY_SECONDS = "2"
logger = logging.getLogger(__name__)


class JsonParser(Parser):
    """Bodies are JSON objects: nothing else reaches a schema. Text that cannot be stored is refused here, with its place."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The object in the body. Raises Problem."""
        try:
            value = jsontext.read(bodies.json_bytes(request))
            jsontext.check(value)
        except jsontext.JsonError as error:
            raise problems.invalid([(("body", *error.loc), str(error))]) from None
        if not isinstance(value, dict):
            raise problems.invalid([(("body",), 'must be a JSON object, for example {"note": "on my way"}')])
        return value


class Api(NinjaAPI):
    """Ninja, with our error mapping and our additions to the OpenAPI document."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._documents: dict[str, Any] = {}

    def on_exception(self, request: HttpRequest, exc: Any) -> HttpResponse:
        """Every exception of an operation as a problem."""
        return problems.answer(problem_of(exc, request))

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None) -> Any:
        """The document, with what every operation may answer besides its success. Made once, which takes seconds: do not change it."""
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        if prefix not in self._documents:
            self._documents[prefix] = openapi.complete(super().get_openapi_schema(path_prefix=prefix))
        return self._documents[prefix]


def problem_of(error: BaseException, request: HttpRequest | None = None) -> Problem:
    """The one table from errors to HTTP. What nobody foresaw is a 500 that names the log entry and nothing else."""
    language = request and request.headers.get(HEADER)  # what is refused has every reader's language; REST speaks English, but to our pages
    with translation.override(translation.get_language() if language else None):
        if (problem := _foreseen(error)) is not None:
            return problem
    return _unforeseen(error, request)


def _unforeseen(error: BaseException, request: HttpRequest | None = None) -> Problem:
    number = uuid4().hex[:12]
    logger.error("request %s failed: %s %s", number, request and request.method, request and request.path, exc_info=error)
    return Problem(500, _("Sentinel failed to answer this. Its log says why under %(number)s.") % {"number": number}, request_id=number)


def _foreseen(error: BaseException) -> Problem | None:
    return next((make(error) for kinds, make in _TABLE if isinstance(error, kinds)), None)


def _http_error(error: HttpError) -> Problem:
    if error.__cause__ is None:
        return Problem(error.status_code, error.message)
    return _foreseen(error.__cause__) or _unforeseen(error.__cause__)


def _request_invalid(error: RequestInvalid) -> Problem:
    return problems.invalid([(_place(each["loc"]), each["msg"].removeprefix("Value error, ")) for each in error.errors])


def _model_invalid(error: ModelInvalid) -> Problem:
    return problems.invalid(
        [(("body", *each["loc"]), each["msg"].removeprefix("Value error, ")) for each in error.errors(include_url=False)]
    )


def _form_invalid(error: ValidationError) -> Problem:
    fields: dict[str, list[ValidationError]] = error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}
    errors = [
        (("body",) if name == "__all__" else ("body", name), " ".join(each.messages)) for name, found in fields.items() for each in found
    ]
    taken = any(each.code in {"unique", "unique_together"} for found in fields.values() for each in found)
    return Problem(409, "; ".join(text for _, text in errors), errors=errors) if taken else problems.invalid(errors)


def _illegal(error: IllegalTransition | IllegalRun) -> Problem:
    return Problem(409, error.said, code="illegal_transition", current=error.current.value)


def _busy(_error: BaseException) -> Problem:
    return Problem(
        503,
        _("Sentinel cannot reach its database, or it is overloaded. Nothing was stored; send it again."),
        headers={"Retry-After": BUSY_SECONDS},
    )


def _place(loc: Sequence[Any]) -> tuple[str | int, ...]:
    """Ninja names its own parameter inside the place; the sender never sees that name."""
    source, *rest = loc
    return (source, *(rest[1:] if source == "body" or (rest and rest[0] in {"page", "filters"}) else rest))


_TABLE: tuple[tuple[Any, Callable[[Any], Problem]], ...] = (
    (Problem, lambda error: error),
    (RequestInvalid, _request_invalid),
    (ModelInvalid, _model_invalid),
    (HttpError, _http_error),
    ((Http404, ObjectDoesNotExist), lambda _error: problems.not_found(_("There is nothing here by that name or id."))),
    (InvalidReport, reports.problem),
    (IllegalTransition, _illegal),
    (IllegalRun, _illegal),
    (JobError, lambda error: Problem(409, str(error))),
    (ConfigurationError, lambda error: Problem(503, str(error), headers={"Retry-After": "60"})),
    (ValidationError, _form_invalid),
    (ProtectedError, lambda _error: Problem(409, _("It is in use. Remove what uses it first, or switch it off."))),
    (IntegrityError, lambda _error: Problem(409, _("Something with this name or address exists already, or what it refers to is gone."))),
    (DataError, lambda _error: problems.invalid([(("body",), "holds a value the database cannot store; is a number out of range?")])),
    ((OperationalError, InterfaceError, PoolTimeout), _busy),
    (
        RequestDataTooBig,
        lambda _error: Problem(
            413, _("The body is larger than %(n)s bytes. Send less, or several requests.") % {"n": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
        ),
    ),
    (PermissionDenied, lambda _error: Problem(403, _("This user may not do that."))),
    (UnreadablePostError, lambda _error: Problem(400, "The body ended early. Send it again.")),
    (SuspiciousOperation, lambda _error: Problem(400, "The request is malformed.")),
)


def guarded(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view whose every answer is JSON or a problem, and that keeps the promise of Idempotency-Key."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            _require_storable(request)
            if request.method in UNSAFE and "Idempotency-Key" in request.headers:
                return idempotency.answer(request, caller(request), lambda: view(request, *args, **kwargs))
            response = view(request, *args, **kwargs)
        except Exception as error:  # the one place where an error becomes an answer
            return problems.answer(problem_of(error, request))
        if isinstance(response, HttpResponseNotAllowed):
            allowed = ", ".join(sorted(response["Allow"].split(", ")))
            return problems.answer(Problem(405, f"{request.method} is not possible here, only {allowed}.", headers={"Allow": allowed}))
        response.headers.setdefault("Cache-Control", "no-store")  # what a caller may read is nobody else's
        return response

    return answered


def _require_storable(request: HttpRequest) -> None:
    if "\x00" in request.path_info:
        raise Http404
    if re.search(r"%00|\x00", request.META.get("QUERY_STRING", "")):
        raise problems.invalid([(("query",), "holds a NUL character; remove it")])


@csrf_exempt  # it does nothing; a sender with a wrong path must be told so, not asked for a token
def unknown(request: HttpRequest) -> HttpResponse:
    """404 for every other path under /api: a problem, not a page."""
    return problems.answer(problems.not_found(f"There is no {request.path}. See /api/v1/docs."))


caller = Caller()
api = Api(
    title="Sentinel",
    version="1",
    urls_namespace="api",
    auth=caller,
    parser=JsonParser(),
    docs=openapi.Docs(),
    description="Reports come in, alerts go out, and people answer them. Errors are problem details (RFC 9457).",
)
api.add_router("/alerts", alerts_router, tags=["alerts"])
api.add_router("/alerts", story_router, tags=["alerts"])
api.add_router("", config_router, tags=["configuration"])
api.add_router("", foresight_router, tags=["configuration"])
api.add_router("", mappings_router, tags=["configuration"])
api.add_router("", reports_router, tags=["configuration"])
api.add_router("", noise_router, tags=["configuration"])
api.add_router("", subscriptions_router, tags=["configuration"])
api.add_router("", walls_router, tags=["configuration"])
for _charts in (
    alert_statistics_router, message_statistics_router, backup_statistics_router, device_statistics_router, job_statistics_router,
):  # fmt: skip
    api.add_router("/stats", _charts, tags=["statistics"])
api.add_router("", changes_router, tags=["configuration"])
api.add_router("", people_router, tags=["people"])
api.add_router("", rules_router, tags=["people"])
api.add_router("", schedules_router, tags=["people"])
api.add_router("", own_router, tags=["people"])
api.add_router("", verification_router, tags=["people"])
api.add_router("", transports_router, tags=["people"])
api.add_router("/devices", phones_router, tags=["people"])
api.add_router("/devices", device_commands_router, tags=["devices"])
api.add_router("/devices", device_files_router, tags=["devices"])
api.add_router("", device_rules_router, tags=["devices"])
api.add_router("/devices", readings_router, tags=["devices"])
api.add_router("", devices_router, tags=["devices"])  # last of /devices: push-tokens and commands are no slugs
api.add_router("/notes", notes_router, tags=["devices"])
api.add_router("/backups", backups_router, tags=["backups"])
api.add_router("/backups", scans_router, tags=["backups"])
api.add_router("", jobs_router, tags=["jobs"])
api.add_router("/detections", detections_router, tags=["alerts"])


def _urls() -> list[URLPattern]:
    found: list[URLPattern] = api.urls[0]  # type: ignore[assignment]
    for pattern in found:
        pattern.callback = guarded(pattern.callback)
    return found


urlpatterns = [path("v1/", (_urls(), "ninja", "api")), re_path("", unknown)]
"""Include under api/."""
