"""A camera saw something: one form with a picture becomes a report, then an alert, and only then everything that may fail.

The picture is checked first, because a report with a bad one is refused. Then the alert is committed and its escalation
runs. Keeping the picture and asking for an AI opinion come after that: whatever happens to them, the alert stands.

The first picture of an alert stays its picture: it is the evidence of what was seen. Pictures of repeats are checked,
and kept only when the alert has none yet.
"""

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from alerts import images, intake, queries, record, sanitising, schemas, tongues, triage
from alerts.enums import EventKind, LogKind
from alerts.errors import ImageRefused, InvalidReport
from alerts.folding import NewReport
from alerts.models import Alert
from sentinel_site.lib import figures, jsontext

SOURCE: Final = "smarteye"
KIND: Final = "fall"
LINKS: Final = {
    "stream_url": gettext_noop("Live picture"), "audio_relay_url": gettext_noop("Listen and speak"),
    "camera_map": gettext_noop("Where the camera is"),
}  # fmt: skip
FORM_NAMES: Final = {"subject": "camera", "type": "kind", "occurred_at": "detected_at"}
"""What a report's fields are called in the form."""
logger = logging.getLogger(__name__)


def take(form: Mapping[str, str], picture: bytes | None, *, body_bytes: int, at: datetime, by_id: int | None) -> tuple[Alert, bool]:
    """Store what a camera saw. Returns its alert, ready to describe, and whether it is a new one; committed on return.

    ``body_bytes`` is the size of the whole request, whose picture is not even read when it is too large. A refused
    detection is kept without its picture, and told to people. Raises InvalidReport, ImageRefused and DatabaseError.
    """
    try:
        report = read(form, picture)
        sanitising.check_size(body_bytes if picture is None else len(picture))
        jpeg = None if picture is None else sanitising.sanitise(picture)
        outcome = intake.accept([report], at=at, by_id=by_id)[0]
        if isinstance(outcome, InvalidReport):
            raise _in_form_words(outcome)
    except (InvalidReport, ImageRefused) as error:
        _refuse(form, error, at=at, by_id=by_id)
        raise
    if jpeg is not None:
        attach(outcome.alert_id, jpeg, at=at)
    return queries.one(outcome.alert_id), outcome.created


def read(form: Mapping[str, str], picture: bytes | None) -> NewReport:
    """The report that ``form`` makes. Raises InvalidReport, in the form's words, and ImageRefused for a picture sent as text."""
    if "image" in form:
        raise ImageRefused("not_an_image", "The field image is text. Send the picture as a file, in a multipart/form-data body.")
    camera, kind = form.get("camera", "").strip(), form.get("kind") or KIND
    evidence = {} if picture is None else {"image": {"bytes": len(picture), "sha256": hashlib.sha256(picture).hexdigest()}}
    confidence = _confidence(form)
    said = tongues.report(lambda: _words(form, kind, camera, confidence))
    translations = said.pop("translations")
    value: dict[str, Any] = {
        "source": form.get("source") or SOURCE, "type": kind, "subject": camera, "occurred_at": form.get("detected_at") or None, **said,
    }  # fmt: skip
    try:
        if not camera:
            raise InvalidReport([("subject", "is required: the name of the camera")])
        report = schemas.parse_report(value, jsontext.dump({**form, **evidence}))
        return report._replace(translations=translations)
    except jsontext.JsonError as error:
        raise InvalidReport([(".".join(map(str, error.loc)) or "body", str(error))]) from None
    except InvalidReport as error:
        raise _in_form_words(error, links=[name for name in LINKS if form.get(name)]) from None


def _words(form: Mapping[str, str], kind: str, camera: str, confidence: float | None) -> dict[str, Any]:
    """What is said of it in the language that is switched on; what cameras see besides falls has the sender's word for it."""
    plain = kind[:80].replace("_", " ").replace("-", " ")
    said = _("Fall seen by %(camera)s") if kind == KIND else _("%(what)s seen by %(camera)s")
    return {
        "title": said % {"what": plain.capitalize(), "camera": camera},
        "description": "" if confidence is None else _("The camera is %(percent)s sure.") % {"percent": figures.percent(confidence)},
        "links": [{"href": form[name], "text": _(text)} for name, text in LINKS.items() if form.get(name)],
    }


def attach(alert_id: UUID, jpeg: bytes, *, at: datetime) -> None:
    """Keep ``jpeg`` as the alert's picture unless it has one, and ask for an AI opinion on it.

    Raises nothing: the alert is committed, and a full disk must not make its sender believe that it is not. A failure
    is logged on the alert.
    """
    try:
        if not Alert.objects.filter(pk=alert_id, image="").exists():
            return
        name = images.store(jpeg, at=at)
        kept = False
        try:
            kept = _keep(alert_id, name, len(jpeg), at=at)
        finally:
            if not kept:
                images.remove(name)
    except Exception as error:  # see above
        logger.exception("the picture of alert %s could not be kept", alert_id)
        _say_lost(alert_id, error, at=at)


def _keep(alert_id: UUID, name: str, size: int, *, at: datetime) -> bool:
    """Write the picture's name on the alert. False: another picture was faster."""
    with transaction.atomic():
        if not Alert.objects.filter(pk=alert_id, image="").update(image=name):
            return False
        record.write([record.Entry(alert_id, LogKind.IMAGE, None, {"stored": True, "bytes": size})], at=at)
        triage.request(alert_id, at=at)
        record.announce([(EventKind.UPDATED, alert_id)], at=at)
    return True


def _say_lost(alert_id: UUID, error: Exception, *, at: datetime) -> None:
    detail = {"stored": False, "error": f"{type(error).__name__}: {error}"[:300]}
    try:
        with transaction.atomic():
            record.write([record.Entry(alert_id, LogKind.IMAGE, None, detail)], at=at)
            record.announce([(EventKind.UPDATED, alert_id)], at=at)
    except Exception:  # the database is gone as well; the process's log has the story
        logger.exception("nor could that be written on the alert")


def _confidence(form: Mapping[str, str]) -> float | None:
    """How sure the camera is, 0 to 1; None when it does not say. Raises InvalidReport."""
    try:
        value = float(form.get("confidence") or "nan")
    except ValueError:
        value = -1.0
    if value < 0 or value > 1:
        raise InvalidReport([("confidence", "must be a number between 0 and 1, for example 0.87")])
    return None if value != value else value


def _in_form_words(error: InvalidReport, links: list[str] | None = None) -> InvalidReport:
    """``error`` with the form's names of the fields: camera for subject, stream_url for links.0.href."""
    renamed = []
    for place, text in error.errors:
        parts = place.split(".")
        name = (links or [])[int(parts[1])] if parts[0] == "links" and len(parts) > 1 else FORM_NAMES.get(place, place)
        renamed.append((name, text))
    return InvalidReport(renamed)


def _refuse(form: Mapping[str, str], error: InvalidReport | ImageRefused, *, at: datetime, by_id: int | None) -> None:
    """Keep the refused form, without its picture, and tell people: a camera that is refused cannot call for help."""
    kept = jsontext.cleaned({name: text[:2000] for name, text in form.items() if name != "image"})
    errors = error.errors if isinstance(error, InvalidReport) else [("image", str(error))]
    intake.refuse(
        slug=kept.get("source") or SOURCE, subject=kept.get("camera", ""), errors=errors, raw=jsontext.dump(kept), at=at, by_id=by_id
    )
