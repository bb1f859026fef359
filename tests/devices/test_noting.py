"""Notes, their alerts, and how they end."""

import pytest
from django.core.exceptions import ValidationError

from alerts import lifecycle
from alerts.models import Alert, Source
from devices import noting
from devices.models import Device, NoteFinding, TechnicianNote
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_source


@pytest.fixture
def device(db):
    make_source("notes", name="Technicians' notes")
    return Device.objects.create(slug="probe", name="Probe", place="Cellar", driver="push")


def write(text, *, at=NOON, by=None, **fields):
    note = TechnicianNote(text=text, written_at=at, author=by, **fields)
    noting.keep(note, by=by, at=at)
    return note


def statuses():
    return list(NoteFinding.objects.order_by("pk").values_list("kind", "status"))


def test_each_kind_of_trouble_raises_one_alert(device, user):
    note = write("Couvercle fissuré. Réservoir vide, couvercle toujours cassé", device=device, by=user)

    alerts = Alert.objects.order_by("type")
    assert [(alert.source.slug, alert.type, alert.subject) for alert in alerts] == [
        ("notes", "note-cover", "probe"),
        ("notes", "note-tank", "probe"),
    ]
    assert set(note.findings.values_list("alert_id", flat=True)) == {alert.pk for alert in alerts}
    assert "Robin Vale wrote" in alerts[0].description
    assert alerts[0].title.endswith("(Cellar)")


def test_a_note_without_trouble_raises_none(device):
    write("Humidité 45 % ok, RAS", device=device)

    assert (Alert.objects.count(), NoteFinding.objects.count(), TechnicianNote.objects.count()) == (0, 0, 1)


def test_two_notes_of_the_same_trouble_are_two_alerts(device):
    write("Couvercle fissuré", device=device)
    write("Couvercle fissuré", device=device)

    assert Alert.objects.count() == 2


def test_a_later_note_that_says_repaired_ends_it(device, user):
    write("Couvercle fissuré. Réservoir vide", device=device)

    write("Couvercle remplacé", at=NOON + HOUR, device=device, by=user)

    assert statuses() == [("cover", "resolved"), ("tank", "open")]
    assert dict(Alert.objects.values_list("type", "status")) == {"note-cover": "RESOLVED", "note-tank": "PENDING"}


def test_a_note_written_before_ends_nothing(device):
    write("Couvercle fissuré", device=device)

    write("Couvercle remplacé", at=NOON - HOUR, device=device)

    assert statuses() == [("cover", "open")]


@pytest.mark.parametrize(("place", "ended"), [("  SOUS-SOL  été ", "resolved"), ("Grenier", "open"), ("", "open")])
def test_without_a_device_the_place_decides(device, place, ended):
    write("Couvercle fissuré", place="Sous-sol Été")

    write("Couvercle remplacé", at=NOON + HOUR, place=place)

    assert statuses() == [("cover", ended)]


def test_notes_of_nowhere_end_nothing(device):
    write("Couvercle fissuré")

    write("Couvercle remplacé", at=NOON + HOUR)

    assert statuses() == [("cover", "open")]


def test_another_device_at_the_same_place_is_another(device):
    other = Device.objects.create(slug="other", name="Other", place="Cellar", driver="push")
    write("Couvercle fissuré", device=device)

    write("Couvercle remplacé", at=NOON + HOUR, device=other)
    assert statuses() == [("cover", "open")]
    write("Couvercle remplacé", at=NOON + HOUR, place="cellar")
    assert statuses() == [("cover", "resolved")]


def test_resolving_a_finding_resolves_its_alert(device, user):
    finding = write("Couvercle fissuré", device=device).findings.get()

    for _ in range(2):
        noting.resolve(NoteFinding.objects.get(pk=finding.pk), by=user, at=NOON + MINUTE, note="new one")

    assert (statuses(), Alert.objects.get().status) == ([("cover", "resolved")], "RESOLVED")


def test_resolving_the_alert_resolves_the_finding(device, user):
    write("Couvercle fissuré", device=device)

    lifecycle.resolve(Alert.objects.get(), by=user, at=NOON + MINUTE)

    assert statuses() == [("cover", "resolved")]


def test_an_alert_that_expires_leaves_the_finding_open(device):
    write("Couvercle fissuré", device=device)

    lifecycle.expire(Alert.objects.get(), at=NOON + HOUR)

    assert statuses() == [("cover", "open")]


def test_archiving_puts_everything_away_once(device, user):
    note = write("Couvercle fissuré. Réservoir vide", device=device)

    for minute in (1, 2):
        noting.archive(note, by=user, at=NOON + minute * MINUTE)

    assert (statuses(), note.archived_at) == ([("cover", "archived"), ("tank", "archived")], NOON + MINUTE)
    assert set(Alert.objects.values_list("status", flat=True)) == {"RESOLVED"}


def test_no_alert_is_lost_for_want_of_its_source(device):
    make_source("sentinel")
    Source.objects.filter(slug="notes").delete()

    write("Couvercle fissuré", device=device)

    assert Alert.objects.get().source.slug == "sentinel"


@pytest.mark.parametrize("fields", [{"text": ""}, {"text": "x" * 10_001}, {"at": NOON + HOUR}])
def test_what_is_no_note_is_refused(device, fields):
    note = TechnicianNote(text=fields.get("text", "Couvercle cassé"), written_at=fields.get("at", NOON))

    with pytest.raises(ValidationError):
        noting.keep(note, by=None, at=NOON)

    assert not TechnicianNote.objects.exists()


def test_a_note_outlives_its_device(device):
    write("Couvercle fissuré", device=device)

    device.delete()

    assert (TechnicianNote.objects.get().device, statuses()) == (None, [("cover", "open")])
