"""The live pages of devices open for those who may look, and carry what their scripts need."""

import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import Device, DeviceStatus, DeviceViewer
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db
PAGES = ("/live/devices/", "/live/devices/snapshot", "/live/devices/fence/", "/live/devices/fence/snapshot")
SECRET = "hush-hush-0000"
VIEWER = ("view_device", "view_alertrule", "view_ruleevent", "view_devicecommand", "view_techniciannote", "view_alert")


@pytest.fixture
def device():
    found = Device.objects.create(slug="fence", name="Fence </script><b>x", host="192.168.1.40", username="USER", password=SECRET)
    DeviceStatus.objects.create(device=found, mode="watched", reachable=True, frame={"type": "frame", "values": {"lp": 61.2}})
    return found


@pytest.fixture
def viewer(user, client):
    user.user_permissions.set(Permission.objects.filter(codename__in=VIEWER))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def one(client):
    return client.get("/live/devices/fence/snapshot").json()


@pytest.mark.parametrize("page", PAGES)
def test_strangers_are_asked_to_sign_in(client, device, page):
    response = client.get(page)

    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={page}")


@pytest.mark.parametrize("page", PAGES)
def test_without_the_permission_it_is_refused(client, user, device, page):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(page).status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_may_look_and_nothing_is_kept_or_given_away(client, viewer, device, page):
    response = client.get(page)

    assert (response.status_code, "no-store" in response["Cache-Control"]) == (200, True)
    assert client.post(page).status_code == 405
    body = response.content.decode()
    hidden = (SECRET, "192.168.1.40", *(() if page.endswith("snapshot") else ("<b>x",)))
    assert [word for word in hidden if word in body] == []


def test_an_unknown_device_is_not_found(client, viewer):
    assert client.get("/live/devices/nowhere/").status_code == 404


def test_only_who_may_operate_gets_the_controls(client, viewer, device):
    before = client.get("/live/devices/fence/").content.decode()
    viewer.user_permissions.add(Permission.objects.get(codename="operate_device"))
    after = client.get("/live/devices/fence/").content.decode()

    assert ('data-command="start"' in before, 'data-command="start"' in after) == (False, True)


def test_the_page_knows_its_rules_events_commands_and_notes(client, viewer, device):
    at = timezone.now()
    rule = device.rules.create(name="Night", threshold=45)
    device.rule_events.create(rule=rule, rule_document={"name": "Night"}, metric="lp", onset_at=at, value=47, peak=51.5)
    device.commands.create(command="stop", asked_by=viewer, asked_at=at, deadline_at=at, status="refused", code="R+0004")
    device.notes.create(text="Cover torn", written_at=at, author=viewer).findings.create(kind="cover", words="cover torn")

    page = one(client)

    assert page["rules"][0]["sentence"] == "Lp above 45 dB for 2 s"
    assert (page["events"][0]["name"], page["events"][0]["peak"], page["events"][0]["clear_at"]) == ("Night", 51.5, None)
    assert (page["commands"][0]["code"], page["commands"][0]["by"]) == ("R+0004", "Robin Vale")
    assert page["notes"][0]["findings"] == [{"kind": "Cover", "status": "open", "words": "cover torn"}]


def test_who_may_not_see_rules_commands_or_alerts_does_not_see_them(client, user, device):
    user.user_permissions.set(Permission.objects.filter(codename="view_device"))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    make_source("meters")
    raise_alert(at=timezone.now(), source="meters", subject="fence", title="Loud")
    device.rules.create(name="Night", threshold=45)

    page, every = one(client), client.get("/live/devices/snapshot").json()

    assert (page["rules"], page["alerts"], every["devices"][0]["alerts"]) == ([], [], [])


def test_a_device_shows_its_own_open_alerts_only(client, viewer, device):
    make_source("meters")
    make_source("probe")
    raise_alert(at=timezone.now(), source="meters", subject="fence", title="Loud")
    raise_alert(at=timezone.now(), source="meters", subject="gate", title="of another device")
    raise_alert(at=timezone.now(), source="probe", subject="fence", title="of another source")

    assert [alert["title"] for alert in one(client)["alerts"]] == ["Loud"]


def test_viewers_are_counted_until_they_are_gone(client, viewer, device):
    at = timezone.now()
    DeviceViewer.objects.create(device=device, process="a", count=2, seen_until=at + timedelta(minutes=1))
    DeviceViewer.objects.create(device=device, process="b", count=5, seen_until=at - timedelta(seconds=1))

    assert one(client)["device"]["viewers"] == 2


def test_an_instant_to_look_at_is_handed_to_the_script(client, viewer, device):
    body = client.get("/live/devices/fence/?at=2026-03-02T12:00:00Z").content.decode()

    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', body, re.S)[1])
    assert data["at"] == "2026-03-02T12:00:00Z"


def test_the_list_takes_as_many_queries_for_three_as_for_one(client, viewer, device):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get("/live/devices/snapshot")
        return len(found)

    client.get("/live/devices/snapshot")
    with_one = queries()
    for slug in ("gate", "roof"):
        DeviceStatus.objects.create(device=Device.objects.create(slug=slug, name=slug, host="192.168.1.41"))

    assert queries() == with_one


def test_the_pages_speak_french(client, viewer, device):
    device.rules.create(name="Nuit", threshold=45)

    page = client.get("/live/devices/fence/snapshot", headers={"Accept-Language": "fr"}).json()

    assert page["rules"][0]["sentence"] == "Lp au-dessus de 45 dB pendant 2 s"
