"""S28: every route of devices is closed to strangers, and opens for the one right it needs and for no other."""

import pytest
from django.contrib.auth.models import Permission

from devices.models import Device
from sentinel_site.api import api
from tests.callers import KeyClient, make_caller

pytestmark = pytest.mark.django_db
ID = "0193e0a0-0000-7000-8000-000000000001"
NEEDS = {
    ("get", "/devices"): "view_device",
    ("post", "/devices"): "add_device",
    ("get", "/devices/{key}"): "view_device",
    ("patch", "/devices/{key}"): "change_device",
    ("delete", "/devices/{key}"): "delete_device",
    ("get", "/devices/monitor/status"): "view_device",
    ("post", "/devices/{slug}/monitor/start"): "operate_device",
    ("post", "/devices/{slug}/monitor/stop"): "operate_device",
    ("get", "/devices/{slug}/diagnostics"): "view_device",
    ("get", "/devices/commands"): "view_device",
    ("post", "/devices/{slug}/commands"): "operate_device",
    ("get", "/devices/{slug}/commands"): "view_devicecommand",
    ("get", "/devices/{slug}/commands/{command_id}"): "view_devicecommand",
    ("get", "/devices/{slug}/files"): "operate_device",
    ("get", "/devices/{slug}/files/download"): "operate_device",
    ("get", "/devices/{slug}/files/progress"): "operate_device",
}
BODIES = {"/devices": {"slug": "new", "driver": "push"}, "/devices/{slug}/commands": {"command": "state"}}
OPERATIONS = [
    (method, path.removeprefix("/api/v1"))
    for path, operations in api.get_openapi_schema()["paths"].items()
    for method in operations
    if path.startswith("/api/v1/devices") and "push-tokens" not in path
]


def call(client, method, path, *, slug="ghost"):
    """One request to ``path``, about a device that is not there: who may ask is told that, and nobody else."""
    url = path.replace("/rules/{key}", "/rules/1").replace("{slug}", slug).replace("{key}", slug).replace("{command_id}", ID)
    query = "?path=/" if path.endswith("download") else ""
    body = BODIES.get(path, {}) if method in {"post", "patch"} else None
    return client.send(f"{url}{query}", body, method=method.upper()).status_code


def test_every_route_is_closed_to_strangers():
    stranger = KeyClient()

    opened = [(method, path) for method, path in OPERATIONS if call(stranger, method, path) != 401]

    assert (opened, len(OPERATIONS) >= len(NEEDS)) == ([], True)


def test_no_route_opens_without_a_right_nor_says_what_there_is():
    Device.objects.create(slug="roof", host="10.0.0.1")
    nobody = make_caller(name="nobody")
    asked = [each for each in OPERATIONS if each in NEEDS]

    answers = {call(nobody, method, path, slug=slug) for method, path in asked for slug in ("roof", "ghost")}

    assert (answers, len(asked)) == ({403}, len(NEEDS))


@pytest.mark.parametrize("right", sorted(set(NEEDS.values())))
def test_a_right_opens_what_needs_it_and_nothing_else(right):
    holder = make_caller(f"devices.{right}", name="holder")

    opened = {each for each in NEEDS if call(holder, *each) != 403}

    assert opened == {each for each, needed in NEEDS.items() if needed == right}


def test_no_right_over_other_things_opens_devices():
    others = Permission.objects.exclude(content_type__app_label="devices").filter(content_type__app_label__in=["alerts", "notifications"])
    stranger = make_caller(*(f"{each.content_type.app_label}.{each.codename}" for each in others.select_related("content_type")), name="o")

    assert {call(stranger, *each) for each in NEEDS} == {403}
