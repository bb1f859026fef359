"""REST of cameras: a form with a picture becomes an alert. Mounted under /api/v1/detections by the composition."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from ninja import Router

from alerts import detection, shapes
from alerts.errors import ImageRefused
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import Problem, json_answer

FORMS: Final = ("multipart/form-data", "application/x-www-form-urlencoded")
STATUS: Final = {"too_large": 413, "not_an_image": 415}
"""Every other reason to refuse a picture is 422."""
_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "camera": {"type": "string", "minLength": 1, "maxLength": 200, "description": "Which camera: the alert's subject."},
    "kind": {"type": "string", "maxLength": 80, "default": detection.KIND},
    "source": {"type": "string", "maxLength": 60, "default": detection.SOURCE, "description": "The slug of an enabled source."},
    "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    "detected_at": {"type": "string", "format": "date-time"},
    "image": {"type": "string", "format": "binary", "description": "JPEG, PNG or WebP; 10 MiB and 50 megapixels at the most."},
    "box": {"type": "string", "description": "Where in the picture; kept as it is."},
    **{name: {"type": "string", "format": "uri", "description": f"Shown as the link “{text}”."} for name, text in detection.LINKS.items()},
}
FORM_BODY: Final = {
    "required": True,
    "content": {"multipart/form-data": {"schema": {"type": "object", "required": ["camera"], "properties": _FIELDS}}},
}
router = Router()


@router.post("", openapi_extra={"requestBody": FORM_BODY}, response={201: shapes.AlertOut, 200: shapes.AlertOut})
def detect(request: HttpRequest) -> HttpResponse:
    """A camera saw something. 201: a new alert; 200: it repeats an open one. A picture is checked, and kept without metadata."""
    require(request, "alerts.report_alert")
    form, picture, size = _read(request)
    try:
        alert, created = detection.take(form, picture, body_bytes=size, at=timezone.now(), by_id=request.user.pk)
    except ImageRefused as error:
        raise Problem(STATUS.get(error.code, 422), str(error), errors=[(("body", "image"), str(error))], code=error.code) from None
    return json_answer(shapes.alert(alert, request), status=201 if created else 200)


def _read(request: HttpRequest) -> tuple[dict[str, str], bytes | None, int]:
    """The form's fields, its picture if there is one, and the size of it all. Raises Problem."""
    if request.content_type not in FORMS:
        raise Problem(415, f"This takes a form (multipart/form-data), not {(request.content_type or 'nothing')[:80]}.")
    try:
        form, picture = request.POST.dict(), request.FILES.get("image")
    except MultiPartParserError as error:
        raise Problem(400, f"The form cannot be read: {error}. Send it as multipart/form-data.") from None
    return form, None if picture is None else picture.read(), int(request.META.get("CONTENT_LENGTH") or 0)
