"""Devices in a real browser: live, through the monitor's one connection to a simulated meter, and honest about what is old."""

import zipfile
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from playwright.sync_api import expect

from devices import readings
from devices.models import Device, DeviceStatus, DeviceViewer
from sentinel_site.models import ProcessBeat
from tests.factories import make_source, raise_alert
from tests.faults.house import until
from tests.meters import Meter
from tests.ports import free_port
from tests.web import MonitorProcess

SOON = 60_000
XSS = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
PAGE, SENSOR, LIST = "/live/devices/quay/", "/live/devices/cellar/", "/live/devices/"


@pytest.fixture
def responder(responder):
    """The reader, who is waited for: the web server writes down who looks, and must be done before the rows are emptied."""
    yield responder
    until(lambda: not DeviceViewer.objects.filter(count__gt=0).exists(), 60, "the end of looking")


@pytest.fixture
def monitor(db):
    """A running monitor that has said so. It has ended when the rows are emptied."""
    process = MonitorProcess().start()
    until(ProcessBeat.objects.filter(role=ProcessBeat.Role.MONITOR).exists, 60, "the monitor's sign of life")
    yield process
    if process.process.poll() is None:
        process.stop()


@pytest.fixture
def meter():
    with Meter(level=60.0) as found:
        yield found


@pytest.fixture
def device(meter, responder):
    responder.user_permissions.add(*Permission.objects.filter(content_type__app_label="devices"))
    make_source("meters")
    fields = {"port": meter.port, "ftp_port": meter.ftp_port, "username": "USER", "password": "0000"}
    return Device.objects.create(slug="quay", name="Quay 3", place="East side", host="127.0.0.1", **fields)


@pytest.fixture
def sensor(responder):
    responder.user_permissions.add(*Permission.objects.filter(content_type__app_label="devices"))
    return Device.objects.create(slug="cellar", name=XSS, place=XSS, driver="push", time_zone="Europe/Paris")


@pytest.fixture
def page_quiet():
    """As everywhere, but for the banner's own question: no watchdog runs here, and /healthz answers 503 as it should."""

    def quiet(page):
        assert [said for said in page.complaints if "503 (Service Unavailable)" not in said] == []

    return quiet


def number(page):
    return page.locator("#numbers .big-number").first


def test_two_viewers_see_one_meter_through_one_connection(open_page, page_quiet, monitor, device, meter):
    first, second = open_page(PAGE), open_page(PAGE)
    for page in (first, second):
        expect(number(page)).to_have_text("60.0", timeout=SOON)

    meter.level = 71.3

    for page in (first, second):
        expect(number(page)).to_have_text("71.3", timeout=SOON)
        expect(page.locator("#signs")).to_contain_text("2 viewers", timeout=SOON)
        page_quiet(page)
    assert (meter.counters.connections, meter.counters.most_open, meter.violations) == (1, 1, 0)


def test_a_loud_meter_raises_its_alert_on_the_page_and_a_quiet_one_ends_it(open_page, page_quiet, monitor, device, meter):
    device.rules.create(name="Loud", threshold=80, sustained_seconds=0, cooldown_seconds=0)
    page = open_page(PAGE)
    expect(number(page)).to_have_text("60.0", timeout=SOON)
    expect(page.locator("#rules")).to_contain_text("Quiet")

    meter.level = 91.0
    expect(page.locator("#alerts")).to_contain_text("above 80 dB", timeout=SOON)
    expect(page.locator("#rules")).to_contain_text("Beyond its limit")
    meter.level = 55.0

    expect(page.locator("#alerts")).to_be_hidden(timeout=SOON)
    expect(page.locator("#count-events")).to_have_text("1")
    page_quiet(page)


def test_a_command_asks_first_and_says_what_came_of_it(open_page, page_quiet, monitor, device, meter):
    page = open_page(PAGE)
    expect(number(page)).to_have_text("60.0", timeout=SOON)

    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#confirm")).to_contain_text("A new measurement begins")
    page.locator("#confirm-yes").click()

    expect(page.locator("#reply")).to_contain_text("Start: done.", timeout=SOON)
    assert meter.measuring
    expect(page.locator("#commands")).to_contain_text("Robin Vale", timeout=SOON)
    page_quiet(page)


def test_the_files_of_a_meter_are_looked_through_and_fetched(open_page, page_quiet, monitor, device, meter, tmp_path):
    meter.inner.instrument.card.put("/NL-43/Auto_0001/one two.rnd", datetime(2026, 3, 2), partial(bytes, 2000))
    page = open_page(PAGE)
    expect(number(page)).to_have_text("60.0", timeout=SOON)
    page.locator('[data-command="ftp_enable"]').click()
    page.locator("#confirm-yes").click()
    expect(page.locator("#reply")).to_contain_text("FTP on: done.", timeout=SOON)

    page.get_by_role("button", name="Show the files").click()
    page.get_by_role("button", name="NL-43/").click(timeout=SOON)
    expect(page.locator("#crumbs")).to_have_text("MeterNL-43", timeout=SOON)
    with page.expect_download(timeout=SOON) as coming:
        page.get_by_role("link", name="As ZIP").click()

    coming.value.save_as(tmp_path / "folder.zip")
    assert (coming.value.suggested_filename, zipfile.ZipFile(tmp_path / "folder.zip").testzip()) == ("Auto_0001.zip", None)
    expect(page.locator("#files-progress")).to_contain_text("Auto_0001 has come whole", timeout=SOON)
    page_quiet(page)


def test_what_is_old_says_so_when_the_monitor_is_gone(open_page, monitor, device):
    page, every = open_page(PAGE), open_page(LIST)
    expect(number(page)).to_have_text("60.0", timeout=SOON)
    expect(page.locator("#unreachable")).to_be_hidden()

    monitor.stop()

    expect(page.locator("#unreachable")).to_contain_text("what you see is old", timeout=SOON)
    expect(every.locator(".device-card")).to_contain_text("No value for", timeout=SOON)


def test_an_unreachable_meter_says_since_when(open_page, page_quiet, monitor, device):
    Device.objects.update(port=free_port())

    page = open_page(PAGE)

    expect(page.locator("#unreachable")).to_contain_text("Unreachable since", timeout=SOON)
    expect(page.locator("#signs")).to_contain_text("Unreachable for")
    expect(page.locator("#device")).to_have_class("device is-old")
    page_quiet(page)


def test_a_meter_that_is_asked_once_a_minute_is_not_called_old_in_between(open_page, responder):
    responder.user_permissions.add(*Permission.objects.filter(content_type__app_label="devices"))
    far = Device.objects.create(slug="far", name="Far", host="192.0.2.7", poll_seconds=60)
    at = timezone.now() - timedelta(seconds=50)
    frame = {"type": "frame", "values": {"lp": 61.2}}
    DeviceStatus.objects.create(device=far, reachable=True, mode="idle", last_frame_at=at, frame=frame)

    card = open_page(LIST).locator(".device-card")

    expect(card).to_contain_text("61.2")
    expect(card).not_to_contain_text("No value for")


@pytest.mark.parametrize("width", [380, 1280, 1920])
@pytest.mark.parametrize("path", [LIST, SENSOR])
def test_it_fits_every_screen_and_foreign_words_stay_words(open_page, page_quiet, sensor, width, path):
    at = timezone.now()
    frame = {"type": "frame", "values": {"humidity": 41.5, "temperature": 19.0}}
    DeviceStatus.objects.create(device=sensor, reachable=True, last_frame_at=at, frame=frame)
    sensor.rules.create(name=XSS, metric="humidity", threshold=70)
    sensor.notes.create(text=XSS * 9, written_at=at)
    page = open_page(path, viewport={"width": width, "height": 900}, color_scheme="dark" if width == 1280 else "light")

    expect(page.get_by_text("41.5")).to_be_visible()
    expect(page.get_by_text("<img src=x").first).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("main img[src='x']").count() == 0
    page_quiet(page)


def test_the_chart_of_a_new_device_begins_with_the_shortest_range_that_holds_all_there_is(open_page, sensor):
    readings.store([readings.NewReading(sensor.pk, timezone.now() - timedelta(minutes=20), {"humidity": 41.5})])

    page = open_page(SENSOR)

    expect(page.locator('[data-range="3600"]')).to_have_attribute("aria-pressed", "true")


def test_the_chart_is_zoomed_by_dragging_and_back(open_page, page_quiet, sensor):
    DeviceStatus.objects.create(device=sensor, reachable=True, frame={"type": "frame", "values": {"humidity": 41.5}})
    page = open_page(SENSOR)
    box = page.locator("#chart .u-over").bounding_box()

    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 70, steps=5)
    page.mouse.up()

    expect(page.locator("#to-live")).to_be_visible()
    page.locator("#chart").press("Escape")
    expect(page.locator("#to-live")).to_be_hidden()
    expect(page.locator('[data-range][aria-pressed="true"]')).to_have_count(1)
    page_quiet(page)


def test_the_page_of_an_alert_shows_what_its_device_measured(open_page, page_quiet, sensor):
    at = timezone.now()
    rows = [readings.NewReading(sensor.pk, at - timedelta(minutes=minutes), {"humidity": 40.0 + minutes}) for minutes in range(20)]
    readings.store(rows)
    DeviceStatus.objects.create(device=sensor, reachable=True, frame={"type": "frame", "values": {"humidity": 40.0}})
    make_source("sensors")
    link = {"href": "http://sentinel.example.org/live/devices/cellar/", "text": "Chart"}
    alert = raise_alert(at=at, source="sensors", subject="cellar", links=[link])

    page = open_page(f"/live/alerts/{alert.pk}")

    expect(page.locator("#device-chart canvas")).to_be_visible(timeout=SOON)
    expect(page.locator("#device-chart-name")).to_have_text(f"{XSS}: Humidity")
    page_quiet(page)
