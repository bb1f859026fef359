"""REST and admin of technicians' notes."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from devices.models import Device, NoteFinding, TechnicianNote
from tests.callers import make_caller, make_user
from tests.factories import make_source

TECHNICIAN = ("devices.view_techniciannote", "devices.add_techniciannote", "devices.change_techniciannote", "devices.change_notefinding")


@pytest.fixture
def device(db):
    make_source("notes")
    return Device.objects.create(slug="probe", name="Probe", place="Cellar", driver="push")


@pytest.fixture
def technician(device):
    return make_caller(*TECHNICIAN, name="robin")


@pytest.fixture
def staff(device):
    client = Client()
    client.force_login(make_user("staff", *TECHNICIAN, "devices.view_device", "devices.view_notefinding", is_staff=True))
    return client


def test_a_note_is_written_and_read_with_what_was_found(technician):
    written = technician.send("/notes", {"text": "Couvercle fissuré", "device": "probe"})

    note = written.json()
    assert (written.status_code, note["device"], note["author"], note["archived_at"]) == (201, "probe", "robin", None)
    (finding,) = note["findings"]
    assert (finding["kind"], finding["words"], finding["status"], finding["alert"]) == (
        "cover",
        "Couvercle fissuré",
        "open",
        str(Alert.objects.get().pk),
    )
    assert technician.read(f"/notes/{note['id']}").json() == note
    assert technician.read("/notes", device="probe", open=True).json()["items"] == [note]


def test_what_is_over_is_resolved_by_rest(technician):
    finding = technician.send("/notes", {"text": "Réservoir vide"}).json()["findings"][0]

    answer = technician.send(f"/notes/findings/{finding['id']}/resolve", {"note": "rempli"})

    assert (answer.json()["findings"][0]["status"], Alert.objects.get().resolution) == ("resolved", "handled")
    assert technician.read("/notes", open=True).json()["items"] == []


def test_a_note_is_archived_by_rest(technician):
    note = technician.send("/notes", {"text": "Réservoir vide"}).json()

    archived = technician.send(f"/notes/{note['id']}/archive").json()

    assert (archived["findings"][0]["status"], archived["archived_at"] is not None, Alert.objects.get().status) == (
        "archived",
        True,
        "RESOLVED",
    )


@pytest.mark.parametrize(
    "body",
    [
        {}, {"text": ""}, {"text": "   "}, {"text": "x" * 10_001}, {"text": "a\u0000b"}, {"text": "ok", "device": "none"},
        {"text": "ok", "place": "x" * 201},
        {"text": "ok", "written_at": "2099-01-01T00:00:00Z"}, {"text": "ok", "written_at": "0001-01-01T00:00:00+14:00"},
        {"text": "ok", "written_at": "2026-01-01T00:00:00"},
        {"text": "ok", "author": "other"},
    ],
)  # fmt: skip
def test_what_is_no_note_is_a_clear_422(technician, body):
    answer = technician.send("/notes", body)

    assert (answer.status_code, TechnicianNote.objects.count()) == (422, 0)


@pytest.mark.parametrize(
    ("path", "method", "permission"),
    [
        ("", "GET", "view"), ("", "POST", "add"), ("/{note}", "GET", "view"), ("/{note}/archive", "POST", "change"),
        ("/findings/{finding}/resolve", "POST", "none"),
    ],
)  # fmt: skip
def test_each_needs_its_permission(technician, path, method, permission):
    note = technician.send("/notes", {"text": "Réservoir vide"}).json()
    others = [f"devices.{verb}_techniciannote" for verb in ("view", "add", "change") if verb != permission]
    stranger = make_caller(*others, name="stranger")

    url = "/notes" + path.format(note=note["id"], finding=note["findings"][0]["id"])
    answer = stranger.send(url, {"text": "Réservoir vide"} if not path else {}, method=method)

    assert (answer.status_code, NoteFinding.objects.get().status) == (403, "open")


def test_the_list_takes_the_same_statements_for_one_note_and_for_many(technician, django_assert_num_queries):
    technician.send("/notes", {"text": "Réservoir vide", "device": "probe"})
    technician.read("/notes")
    with CaptureQueriesContext(connection) as one:
        technician.read("/notes")
    count = len(one)
    for _ in range(3):
        technician.send("/notes", {"text": "Réservoir vide. Couvercle cassé", "device": "probe"})

    with django_assert_num_queries(count):
        technician.read("/notes")


def test_a_note_is_written_in_the_admin(staff, device):
    answer = staff.post("/admin/devices/techniciannote/add/", {"device": device.pk, "place": "", "text": "Battery low"}, follow=True)

    note = TechnicianNote.objects.get()
    assert (note.author.username, note.findings.get().kind, Alert.objects.count()) == ("staff", "supply", 1)
    assert "Raised an alert for each of: supply" in answer.content.decode()
    assert "Battery low" in staff.get(f"/admin/devices/techniciannote/{note.pk}/change/").content.decode()


@pytest.mark.parametrize(("action", "status"), [("resolve_selected", "resolved"), ("archive_selected", "archived")])
def test_notes_are_settled_in_the_admin(staff, technician, action, status):
    technician.send("/notes", {"text": "Réservoir vide"})

    staff.post("/admin/devices/techniciannote/", {"action": action, "_selected_action": [TechnicianNote.objects.get().pk], "sure": "1"})

    assert (NoteFinding.objects.get().status, Alert.objects.get().status) == (status, "RESOLVED")


def test_who_may_only_look_settles_nothing_in_the_admin(technician):
    technician.send("/notes", {"text": "Réservoir vide"})
    viewer = Client()
    viewer.force_login(make_user("viewer", "devices.view_techniciannote", is_staff=True))

    said = {"action": "archive_selected", "_selected_action": [TechnicianNote.objects.get().pk], "sure": "1"}
    viewer.post("/admin/devices/techniciannote/", said)

    assert NoteFinding.objects.get().status == "open"


def test_what_was_written_stays(staff, technician):
    technician.send("/notes", {"text": "<script>alert(1)</script> Réservoir vide"})
    note = TechnicianNote.objects.get()

    staff.post(f"/admin/devices/techniciannote/{note.pk}/change/", {"text": "nothing"})

    note.refresh_from_db()
    assert "Réservoir vide" in note.text
    assert "<script>alert" not in staff.get("/admin/devices/techniciannote/").content.decode()
    assert staff.get("/admin/devices/notefinding/").status_code == 200
