"""S24: the password of a device is written and never read: not in an answer, an error, a log, the database, the document or a page."""

import logging

import pytest
from django.db import connection
from django.test import Client

from devices.models import Device
from sentinel_site.api import api
from tests.callers import make_caller, make_user

pytestmark = pytest.mark.django_db
SECRET = "open-sesame-4711"
RIGHTS = tuple(f"devices.{right}_device" for right in ("view", "add", "change", "delete", "operate"))
METER = {"slug": "roof", "host": "192.168.1.40", "username": "USER", "password": SECRET}


@pytest.fixture
def operator():
    return make_caller(*RIGHTS, "devices.view_devicecommand", "alerts.view_alert", name="operator")


def test_no_answer_and_no_log_holds_it(operator, caplog):
    caplog.set_level(logging.DEBUG)

    answers = [
        operator.send("/devices", METER),
        operator.send("/devices", METER),
        operator.send("/devices", METER | {"slug": "x", "password": SECRET + "\n"}),
        operator.send("/devices", METER | {"slug": "x", "password": SECRET * 20}),
        operator.send("/devices", METER | {"slug": "x", "password": [SECRET]}),
        operator.send("/devices", METER | {"slug": "x", "port": SECRET, "passwort": SECRET}),
        operator.send("/devices/roof", {"password": SECRET, "host": "127.0.0.1"}, method="PATCH"),
        operator.send("/devices/roof", {"password": SECRET, "place": "Roof"}, method="PATCH"),
        *(operator.read(path) for path in ("/devices", "/devices/roof", "/devices/monitor/status", "/devices/roof/diagnostics")),
        operator.get("/metrics"),
    ]

    assert [answer.status_code for answer in answers] == [201, 409, 422, 422, 422, 422, 422, 200, 200, 200, 200, 200, 200]
    assert [answer.content for answer in answers if SECRET in answer.content.decode()] == []
    assert SECRET not in caplog.text


def test_it_is_not_plain_in_the_database(operator):
    operator.send("/devices", METER)

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(device)::text FROM devices_device device")
        ((row,),) = cursor.fetchall()

    assert (SECRET in row, Device.objects.get().password) == (False, SECRET)


def test_the_document_says_that_it_is_only_written():
    schemas = api.get_openapi_schema()["components"]["schemas"]

    assert schemas["DeviceForm"]["properties"]["password"]["writeOnly"] is True
    assert "password" not in schemas["DeviceShape"]["properties"]


@pytest.mark.parametrize("path", ["/admin/devices/device/", "/admin/devices/device/{pk}/change/", "/live/devices/", "/live/devices/roof/"])
def test_no_page_shows_it(path):
    device = Device.objects.create(**METER)
    client = Client()
    client.force_login(make_user("root", is_superuser=True, is_staff=True), backend="django.contrib.auth.backends.ModelBackend")

    answer = client.get(path.format(pk=device.pk))

    assert (answer.status_code, SECRET in answer.content.decode()) == (200, False)


@pytest.mark.parametrize(
    "name", ["id", "pk", "created_at", "changed_at", "password_set", "status", "viewers", "default_rules_made", "metrics"]
)
def test_no_other_field_can_be_set(operator, name):
    assert operator.send("/devices", {"slug": "x", "driver": "push", name: 1}).status_code == 422
