"""Devices in the admin: how they are at a glance, a password nobody reads, and what was done."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import Device, DeviceCommand, DeviceStatus, DeviceViewer, RuleEvent

pytestmark = pytest.mark.django_db
LIST = "/admin/devices/device/"
LISTS = ("device", "devicecommand", "ruleevent")
SECRET = "hush-hush-0000"


def sign_in(*permissions, superuser=False) -> Client:
    user = User.objects.create_user("staff", is_staff=True, is_superuser=superuser)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="devices", codename__in=permissions))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def boss() -> Client:
    return sign_in(superuser=True)


def make_device(slug="fence", *, status=None, **fields) -> Device:
    device = Device.objects.create(slug=slug, **{"name": slug.title(), "host": "192.168.1.40", "password": SECRET, **fields})
    if status is not None:
        DeviceStatus.objects.create(device=device, **status)
    return device


def url(device) -> str:
    return f"{LIST}{device.pk}/change/"


def filled(device, **changed) -> dict[str, str]:
    """What the form of ``device`` sends."""
    given = {name: getattr(device, name) for name in ("name", "driver", "host", "port", "ftp_port", "username", "place", "time_zone")}
    ticks = {name: "on" for name in ("enabled", "keepalive") if getattr(device, name)}
    inlines = {f"{part}-{name}": "0" for part in ("rules", "notes") for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    return {**given, **ticks, **inlines, "poll_seconds": "1.25", "silent_after_seconds": "", "source": "", "password": "", **changed}


@pytest.mark.parametrize("model", LISTS)
def test_every_list_opens_with_nothing_in_it(boss, model):
    assert boss.get(f"/admin/devices/{model}/").status_code == 200


def test_a_list_without_devices_says_what_to_do(boss):
    assert "No device yet" in boss.get(LIST).content.decode()


def test_the_list_says_how_every_device_is(boss):
    at = timezone.now()
    frame = {"type": "frame", "values": {"leq": 55.0, "lp": 61.2}}
    seen = make_device(status={"mode": "watched", "reachable": True, "frame": frame, "last_frame_at": at - timedelta(seconds=3)})
    make_device("gate", status={"mode": "back_off", "reachable": False, "unreachable_since": at - timedelta(minutes=7)})
    make_device("store", enabled=False)
    make_device("spare", keepalive=False, status={})
    seen.rules.create(name="Night", threshold=45)
    DeviceViewer.objects.create(device=seen, process="a", count=4, seen_until=at + timedelta(minutes=1))

    body = boss.get(LIST).content.decode()

    said = ("Reachable", "Watched", "Lp 61.2 dB (3 s ago)", "Unreachable for 7 min", "Trying again", "Off", "Nobody looks")
    assert [text for text in said if text not in body] == []


def test_the_list_takes_as_many_queries_for_three_as_for_one(boss):
    def queries():
        with CaptureQueriesContext(connection) as found:
            boss.get(LIST)
        return len(found)

    make_device(status={})
    boss.get(LIST)
    with_one = queries()
    for slug in ("gate", "roof"):
        make_device(slug, status={}).rules.create(name="Night", threshold=45)

    assert queries() == with_one


@pytest.mark.parametrize("permissions", [("view_device", "change_device"), ("view_device",)])
def test_the_password_is_never_shown(permissions):
    device = make_device()

    body = sign_in(*permissions).get(url(device)).content.decode()

    assert ("192.168.1.40" in body, SECRET in body) == (True, False)


def test_a_password_that_is_left_empty_stays_and_a_new_one_replaces_it(boss):
    device = make_device()

    boss.post(url(device), filled(device, name="Fence 2"))
    kept = Device.objects.get()
    boss.post(url(device), filled(device, name="Fence 3", password="new"))

    assert (kept.name, kept.password, Device.objects.get().password) == ("Fence 2", SECRET, "new")


def test_a_password_is_not_sent_to_another_address_unseen(boss):
    device = make_device()

    refused = boss.post(url(device), filled(device, host="192.168.1.99"))
    forgotten = boss.post(url(device), filled(device, host="192.168.1.99", forget_password="on"))

    assert (refused.status_code, "stored for another address" in refused.content.decode()) == (200, True)
    assert (forgotten.status_code, Device.objects.get().host, Device.objects.get().password) == (302, "192.168.1.99", "")


@pytest.mark.parametrize(("field", "value"), [("time_zone", "Mars/Base"), ("host", ""), ("poll_seconds", "0.2")])
def test_what_cannot_be_is_refused_in_words(boss, field, value):
    device = make_device(password="")

    response = boss.post(url(device), filled(device, **{field: value}))

    assert (response.status_code, bool(response.context["errors"])) == (200, True)


@pytest.mark.parametrize(
    ("action", "field", "value"),
    [("enable_ticked", "enabled", True), ("disable_ticked", "enabled", False),
     ("keep_ticked", "keepalive", True), ("release_ticked", "keepalive", False)],
)  # fmt: skip
def test_several_are_switched_at_once(boss, action, field, value):
    ids = [make_device(slug, **{field: not value}).pk for slug in ("fence", "gate")]

    boss.post(LIST, {"action": action, "_selected_action": ids, "sure": "1"})

    assert [getattr(device, field) for device in Device.objects.all()] == [value, value]


def test_who_may_only_look_switches_nothing():
    device, looker = make_device(), sign_in("view_device")

    looker.post(LIST, {"action": "disable_ticked", "_selected_action": [device.pk], "sure": "1"})

    assert Device.objects.get().enabled is True


def test_the_form_leads_to_everything_else(boss):
    device = make_device()

    body = boss.get(url(device)).content.decode()

    wanted = ("/live/devices/fence/", f"/admin/devices/ruleevent/?device__id__exact={device.pk}")
    assert [link for link in wanted if link not in body] == []


@pytest.mark.parametrize("model", ["devicecommand", "ruleevent"])
def test_the_record_is_read_only(boss, model):
    at, device = timezone.now(), make_device()
    command = DeviceCommand.objects.create(device=device, command="stop", asked_at=at, deadline_at=at, status="refused", code="R+0004")
    event = RuleEvent.objects.create(device=device, rule_document={"name": "Night"}, metric="lp", onset_at=at, value=47, peak=51)
    row = command if model == "devicecommand" else event

    shown = boss.get(f"/admin/devices/{model}/{row.pk}/change/")
    listed = boss.get(f"/admin/devices/{model}/?device__id__exact={device.pk}")

    assert (shown.status_code, listed.status_code, "Fence" in listed.content.decode()) == (200, 200, True)
    assert boss.post(f"/admin/devices/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
