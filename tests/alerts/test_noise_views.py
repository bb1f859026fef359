"""The page of the noise report opens for those who may look, and says what the report says."""

import pytest
from django.contrib.auth.models import Permission
from django.db.models import Max
from django.utils import timezone

from alerts.models import Alert, NoiseReport, Report
from alerts.noise import making
from notifications.models import Delivery
from sentinel_site import bootstrap, demo_care, demo_noise, demo_past, demo_people
from tests.conftest import HOUR, NOON
from tests.factories import make_recipient

pytestmark = pytest.mark.django_db
PAGE = "/live/noise/"


@pytest.fixture
def viewer(user, client):
    user.user_permissions.add(Permission.objects.get(codename="view_noisereport"))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def test_strangers_are_asked_to_sign_in_and_others_refused(client, user):
    assert client.get(PAGE)["Location"] == f"/accounts/login/?next={PAGE}"
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(PAGE).status_code == 403


def test_without_a_report_it_says_that_one_is_made_each_night(client, viewer):
    text = client.get(PAGE).content.decode()

    assert ("one is made each night" in text, 'id="again"' in text, 'href="/live/noise/"' in text) == (True, False, True)


@pytest.fixture
def demo(db):
    bootstrap.run()
    person, at = make_recipient("Ada <b>Byron</b>", groups=["oncall", "manager"]), timezone.now()
    demo_past.write(demo_noise.make(at=at, person=person.name))
    making.ask(by=None, at=at)
    return making.carry_out(NoiseReport.objects.get().pk)


def test_the_demo_has_noise_of_five_kinds_and_a_page_in_both_languages(client, viewer, demo):
    kinds = {each["kind"] for each in demo.answer["proposals"]}

    english = client.get(PAGE).content.decode()
    french = client.get(PAGE, headers={"Accept-Language": "fr"}).content.decode()

    assert kinds == {"route", "silence", "inhibition", "window", "flapping"}
    assert ("Ada &lt;b&gt;Byron" in english, "Ada <b>" in english, "style=" in english) == (True, False, False)
    assert ("Silence “Load is high on db-1” in its usual hours" in english, "Mettre «\u00a0Load is high" in french) == (True, True)
    assert ("Open the form" in english, "/api/v1/maintenance-windows" in english) == (False, True)


def test_who_may_change_things_gets_filled_in_forms(client, viewer, demo):
    viewer.is_staff = viewer.is_superuser = True
    viewer.save()

    proposals = client.get(PAGE).context["proposals"]
    forms = [client.get(each["form"]) for each in proposals]

    assert {form.status_code for form in forms} == {200}
    shown = "\n".join(form.content.decode() for form in forms)
    seconds = next(each["body"]["flap_window_seconds"] for each in proposals if each["kind"] == "flapping")
    words = ("type=load", "Usual hours: Load is high on db-1", "It is broken and is being mended.", "type=link-down", f'value="{seconds}"')
    assert [word for word in words if word not in shown] == []


def test_a_link_that_is_nonsense_breaks_no_form(client, viewer):
    viewer.is_staff = viewer.is_superuser = True
    viewer.save()

    for path in ("silence/add/?starts_at=never&ends_at=2026-01-01", "maintenancewindow/add/?weekdays=x&begins=%00&duration_minutes=a"):
        assert client.get(f"/admin/alerts/{path}").status_code == 200


@pytest.mark.parametrize("hour", [0, 1, 6, 13, 23])
def test_nothing_of_the_demo_is_still_to_come(db, hour, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    bootstrap.run()
    at = NOON + hour * HOUR
    demo_people.run(at=at)
    demo_past.write([*demo_noise.make(at=at), *demo_care.make(at=at)])

    ends = Alert.objects.aggregate(closed=Max("closed_at"), acknowledged=Max("acknowledged_at"))
    assert (ends["closed"] <= at, ends["acknowledged"] <= at) == (True, True)
    assert (Report.objects.filter(received_at__gt=at).count(), Delivery.objects.filter(sent_at__gt=at).count()) == (0, 0)
