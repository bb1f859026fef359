"""“Scan now” in the admin."""

import pytest
from django_q.models import OrmQ

from backups.models import Scan
from tests.backups.test_admin import boss, page, signed_in  # noqa: F401 (a fixture)
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
BUTTON = "/admin/backups/scan/scan-now/"


def test_a_press_asks_for_one_scan(boss):  # noqa: F811
    asked = boss.post(BUTTON, {"_form_submitted": "true"})
    boss.post(BUTTON, {"_form_submitted": "true"})

    scan = Scan.objects.get()
    assert (asked.status_code, asked.headers["HX-Redirect"]) == (200, f"/admin/backups/scan/{scan.pk}/change/")
    assert (scan.trigger, scan.progress, OrmQ.objects.count()) == ("asked", {"what": "waiting"}, 2)


def test_looking_at_the_button_asks_for_nothing(boss):  # noqa: F811
    assert "scan-now" in page(boss, "scan/")
    assert boss.get(BUTTON).status_code == 200

    assert Scan.objects.count() == 0


def test_who_may_only_look_has_no_button():
    viewer = signed_in("view_scan")

    assert "scan-now" not in page(viewer, "scan/")
    assert viewer.post(BUTTON, {"_form_submitted": "true"}).status_code == 403
    assert Scan.objects.count() == 0


def test_the_page_of_a_scan_follows_it_to_its_end(boss):  # noqa: F811
    scan = Scan.objects.create(trigger="asked", started_at=NOON, progress={"what": "verify", "done": 300, "of": 1200})

    goes_on = page(boss, f"scan/{scan.pk}/change/")
    Scan.objects.update(finished_at=NOON, progress={"what": "done"}, counts={"databases": 1200, "bytes": 2048, "errors": 0})
    over = page(boss, f"scan/{scan.pk}/change/")

    assert [each in goes_on for each in ('data-goes-on="true"', 'max="1200" value="300"', "300 of 1200", "underway.js")] == [True] * 4
    assert [each in over for each in ('data-goes-on="false"', "databases in them: 1200, read: 2.0", "<progress")] == [True, True, False]
