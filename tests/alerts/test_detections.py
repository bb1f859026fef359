"""POST /api/v1/detections: a camera's form with a picture."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from alerts.models import Alert, TriageOpinion
from tests.callers import REPORTER, RESPONDER, make_caller
from tests.factories import make_source
from tests.pictures import huge_png, jpeg

pytestmark = pytest.mark.django_db
PATH = "/api/v1/detections"


@pytest.fixture(autouse=True)
def _places(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    make_source("smarteye", severity="critical", life_safety=True, triage=True)
    make_source("sentinel")


@pytest.fixture
def camera():
    return make_caller(*REPORTER)


def picture(data=None, *, name="frame.jpg", type="image/jpeg"):
    return SimpleUploadedFile(name, jpeg() if data is None else data, content_type=type)


def test_a_fall_becomes_an_alert_and_a_repeat_folds(camera):
    first = camera.post(PATH, {"camera": "cam-12", "confidence": "0.93", "image": picture()})
    again = camera.post(PATH, {"camera": "cam-12", "confidence": "0.95", "image": picture()})

    assert (first.status_code, again.status_code) == (201, 200)
    body = again.json()
    assert (body["id"], body["occurrences"]) == (first.json()["id"], 2)
    assert (body["subject"], body["type"], body["source"]) == ("cam-12", "fall", "smarteye")
    assert (body["title"], body["life_safety"], body["status"]) == ("Fall seen by cam-12", True, "PENDING")


def test_a_detection_without_a_picture_is_one(camera):
    response = camera.post(PATH, {"camera": "cam-12"})

    assert (response.status_code, response.json()["image_url"]) == (201, None)


def test_who_may_see_alerts_gets_a_link_that_works():
    caller = make_caller(*REPORTER, *RESPONDER)

    body = caller.post(PATH, {"camera": "cam-12", "image": picture()}).json()

    shown = caller.get(body["image_url"].removeprefix("http://localhost:8000"))
    assert (shown.status_code, shown["Content-Type"], shown.content[:3]) == (200, "image/jpeg", b"\xff\xd8\xff")


def test_a_camera_that_may_only_report_gets_no_link(camera):
    assert camera.post(PATH, {"camera": "cam-12", "image": picture()}).json()["image_url"] is None


def test_without_a_key_for_the_ai_nothing_waits_for_it(camera):
    body = camera.post(PATH, {"camera": "cam-12", "image": picture()}).json()

    assert (body["triage"], TriageOpinion.objects.count()) == (None, 0)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"not a picture", 415, "not_an_image"), (b"", 415, "not_an_image"), (b"<svg/>", 415, "not_an_image"),
        (jpeg()[:-200], 422, "damaged"), (huge_png(50_000, 50_000), 422, "too_many_pixels"),
        (jpeg() + b"\0" * 10 * 1024 * 1024, 413, "too_large"), (b"\xff" * 11 * 1024 * 1024, 413, "too_large"),
    ],
)  # fmt: skip
def test_a_bad_picture_is_refused_and_people_are_told(camera, settings, data, status, code):
    response = camera.post(PATH, {"camera": "cam-12", "image": picture(data)})

    assert (response.status_code, response.json()["code"], response["Content-Type"]) == (status, code, "application/problem+json")
    assert "Send" in response.json()["detail"]
    assert [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()] == []
    assert list(Alert.objects.values_list("type", flat=True)) == ["report-refused"]


def test_a_wrong_field_is_named(camera):
    response = camera.post(PATH, {"camera": "cam-12", "confidence": "93 %"})

    assert response.status_code == 422
    assert response.json()["errors"] == [{"loc": ["body", "confidence"], "msg": "must be a number between 0 and 1, for example 0.87"}]


def test_a_missing_camera_is_named(camera):
    assert camera.post(PATH, {"image": picture()}).json()["errors"][0]["loc"] == ["body", "camera"]


def test_json_is_the_wrong_media_type(camera):
    response = camera.send("/detections", {"camera": "cam-12"})

    assert (response.status_code, "multipart/form-data" in response.json()["detail"]) == (415, True)


@pytest.mark.parametrize("body", [b"", b"--x", b"\0" * 100, b"camera=cam-12"])
def test_a_form_that_cannot_be_read_is_4xx(camera, body):
    response = camera.generic("POST", PATH, body, content_type="multipart/form-data; boundary=x")

    assert 400 <= response.status_code < 500


def test_a_form_without_a_boundary_is_400(camera):
    assert camera.generic("POST", PATH, b"camera=cam-12", content_type="multipart/form-data").status_code == 400


def test_a_stranger_is_turned_away(client):
    assert client.post(PATH, {"camera": "cam-12"}).status_code == 401


def test_the_permission_to_report_is_needed():
    viewer = make_caller("alerts.view_alert")

    assert viewer.post(PATH, {"camera": "cam-12", "image": picture()}).status_code == 403
    assert not Alert.objects.exists()
