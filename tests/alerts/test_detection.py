"""What a camera saw becomes an alert first, and everything that may fail comes after."""

import json

import pytest

from alerts import detection
from alerts.enums import LogKind
from alerts.errors import ImageRefused, InvalidReport
from alerts.models import Alert, AlertEvent, Report, TriageOpinion
from tests.conftest import MINUTE, NOON
from tests.factories import make_source
from tests.pictures import jpeg

pytestmark = pytest.mark.django_db
FORM = {"camera": "cam-12", "source": "probe"}


@pytest.fixture(autouse=True)
def _places(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.GEMINI_API_KEY = "test"
    make_source(severity="critical", life_safety=True, triage=True)
    make_source("sentinel")


def take(picture=None, *, at=NOON, body_bytes=1000, **form):
    return detection.take(FORM | form, picture, body_bytes=body_bytes, at=at, by_id=None)


def files(settings):
    return [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


def test_a_form_becomes_an_alert():
    links = {"stream_url": "https://cams.example.org/12", "camera_map": "https://maps.example.org/?q=12"}

    alert, created = take(confidence="0.934", detected_at="2026-03-02T11:59:00Z", **links)

    assert (created, alert.title, alert.type, alert.subject, alert.severity) == (True, "Fall seen by cam-12", "fall", "cam-12", "critical")
    assert (alert.first_seen_at, alert.description) == (NOON - MINUTE, "The camera is 93% sure.")
    assert alert.links == [
        {"href": "https://cams.example.org/12", "text": "Live picture"},
        {"href": "https://maps.example.org/?q=12", "text": "Where the camera is"},
    ]


def test_the_report_keeps_the_form_and_the_digest_of_the_picture():
    take(jpeg(), box="[1,2,3,4]", model="v7")

    raw = Report.objects.get().raw
    assert (raw["box"], raw["model"], raw["image"]["bytes"], len(raw["image"]["sha256"])) == ("[1,2,3,4]", "v7", len(jpeg()), 64)


def test_the_picture_is_kept_and_an_opinion_asked_for(settings):
    alert, _ = take(jpeg())

    assert files(settings) == [settings.MEDIA_ROOT / alert.image]
    assert TriageOpinion.objects.get().alert == alert
    assert list(alert.log.values_list("kind", flat=True)) == [LogKind.RAISED, LogKind.IMAGE]
    assert list(AlertEvent.objects.values_list("kind", flat=True)) == ["raised", "updated"]


def test_the_first_picture_of_an_alert_stays(settings):
    first, _ = take(jpeg(color="red"))

    again, created = take(jpeg(color="blue"), at=NOON + MINUTE)

    assert (again.pk, again.image, created, again.occurrences) == (first.pk, first.image, False, 2)
    assert (len(files(settings)), TriageOpinion.objects.count()) == (1, 1)


def test_a_repeat_brings_the_picture_that_the_first_report_lacked(settings):
    take()

    alert, created = take(jpeg(), at=NOON + MINUTE)

    assert (created, files(settings)) == (False, [settings.MEDIA_ROOT / alert.image])


def test_of_two_pictures_at_once_one_is_kept(settings):
    alert, _ = take()
    winner = detection._keep(alert.pk, "alerts/2026/03/other.jpg", 1, at=NOON)

    assert (winner, detection._keep(alert.pk, "alerts/2026/03/mine.jpg", 1, at=NOON)) == (True, False)


def test_a_disk_that_fails_loses_the_picture_and_never_the_alert(settings, tmp_path):
    (tmp_path / "full").write_bytes(b"")
    settings.MEDIA_ROOT = tmp_path / "full"  # a file where a directory should be

    alert, created = take(jpeg())

    detail = alert.log.get(kind=LogKind.IMAGE).detail
    assert (created, alert.image, alert.next_step_at, detail["stored"]) == (True, "", NOON, False)
    assert detail["error"].startswith(("NotADirectoryError", "FileExistsError"))


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("camera", ""), ("camera", "  "), ("camera", "x" * 201), ("camera", "cam\0"), ("kind", "x" * 81), ("box", "\0"),
        ("confidence", "1.01"), ("confidence", "-1"), ("confidence", "93%"),
        ("detected_at", "yesterday"), ("detected_at", "2026-03-02T12:00:00"), ("detected_at", "2026-03-02T13:00:00Z"),
        ("stream_url", "javascript:alert(1)"), ("audio_relay_url", "file:///etc/passwd"), ("camera_map", "cams/12"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_is_refused_by_its_name(field, text):
    with pytest.raises(InvalidReport) as refused:
        take(jpeg(), **{field: text})

    assert [place for place, _ in refused.value.errors] == [field]


def test_a_bad_picture_is_refused_and_nothing_is_half_stored(settings):
    with pytest.raises(ImageRefused, match="damaged"):
        take(jpeg()[:-200])

    assert (files(settings), Alert.objects.filter(source__slug="probe").count(), TriageOpinion.objects.count()) == ([], 0, 0)


def test_a_camera_that_is_refused_makes_people_look_at_it():
    for minute in range(3):
        with pytest.raises(ImageRefused):
            take(b"not a picture", at=NOON + minute * MINUTE)

    alert = Alert.objects.get(source__slug="sentinel")
    assert (alert.type, alert.severity, alert.occurrences) == ("report-refused", "critical", 3)
    assert "cam-12" in alert.title
    kept = Report.objects.filter(verdict="rejected").first()
    assert (kept.raw["camera"], "Send the picture" in kept.reason) == ("cam-12", True)


def test_a_picture_too_large_to_be_read_is_refused():
    with pytest.raises(ImageRefused) as refused:
        take(None, body_bytes=11 * 1024 * 1024 + 1)

    assert refused.value.code == "too_large"


def test_a_picture_sent_as_text_is_refused_and_not_kept():
    with pytest.raises(ImageRefused, match="as a file"):
        take(image="data:image/jpeg;base64,AAAA")

    assert "base64" not in json.dumps(Report.objects.filter(verdict="rejected").get().raw)


def test_an_unknown_source_is_refused():
    with pytest.raises(InvalidReport, match="no enabled source"):
        take(source="nobody")
