"""Wall screens in the admin."""

import pytest
from django.contrib.admin import site

from alerts import walls
from alerts.models import Wall
from tests.alerts.test_admin_alerts import sign_in
from tests.callers import KeyClient
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
LIST = "/admin/alerts/wall/"
FORM = {
    "name": "Desk",
    "matchers": "site=north",
    "site_label": "site",
    "rotate_seconds": "20",
    "language": "fr",
    "sound": "once",
    "names": "on",
}


@pytest.fixture
def boss():
    return sign_in(superuser=True)


def test_a_new_one_shows_its_address_this_once(boss):
    made = boss.post(f"{LIST}add/", FORM)

    row, url = Wall.objects.get(), made.context["url"]
    page = boss.get(f"{LIST}{row.pk}/change/").content.decode()
    assert (row.matchers, row.language, row.sound, "no-store" in made["Cache-Control"]) == (["site=north"], "fr", "once", True)
    assert (url in made.content.decode(), url.rpartition("/")[2] in page) == (True, False)
    assert KeyClient().get("/" + url.split("/", 3)[3]).status_code == 302


def test_a_change_keeps_its_address(boss):
    url = boss.post(f"{LIST}add/", FORM).context["url"]

    boss.post(f"{LIST}{Wall.objects.get().pk}/change/", FORM | {"name": "Hall", "matchers": ""})

    row = Wall.objects.get()
    assert (row.name, row.matchers, KeyClient().get("/" + url.split("/", 3)[3]).status_code) == ("Hall", [], 302)


@pytest.mark.parametrize("wrong", [{"matchers": "nonsense"}, {"rotate_seconds": "2"}, {"site_label": "a b"}, {"name": ""}])
def test_what_cannot_be_is_refused_with_a_text(boss, wrong):
    answer = boss.post(f"{LIST}add/", FORM | wrong)

    assert (answer.status_code, Wall.objects.exists()) == (200, False)
    assert list(answer.context["adminform"].form.errors) == list(wrong)


def test_it_is_revoked_from_its_page_and_from_the_list(boss):
    for name in ("Desk", "Hall"):
        boss.post(f"{LIST}add/", FORM | {"name": name})
    desk, hall = Wall.objects.order_by("name")

    boss.post(f"{LIST}{desk.pk}/revoke/", {"_form_submitted": "on"})
    boss.post(LIST, {"action": "revoke_ticked", "_selected_action": [str(hall.pk)], "sure": "1"})

    assert Wall.objects.filter(revoked_at=None).count() == 0


def test_a_form_that_was_open_meanwhile_brings_no_revoked_screen_back(boss):
    boss.post(f"{LIST}add/", FORM)
    filled_in = Wall.objects.get()
    walls.revoke(Wall.objects.get(), at=NOON)

    site.get_model_admin(Wall).save_model(None, filled_in, None, change=True)

    assert Wall.objects.get().revoked_at == NOON


def test_a_viewer_revokes_nothing(boss):
    boss.post(f"{LIST}add/", FORM)
    viewer = sign_in("alerts.view_wall", name="viewer")

    forced = viewer.post(f"{LIST}{Wall.objects.get().pk}/revoke/", {"_form_submitted": "on"})

    assert (forced.status_code, Wall.objects.get().revoked_at) == (403, None)
