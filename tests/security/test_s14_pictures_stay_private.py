"""S14: pictures of people are shown to the person a link was made for, for five minutes, and kept nowhere else."""

import logging
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission, User
from django.core import signing

from alerts import images
from alerts.models import Alert
from sentinel_site.lib import crypto
from tests.conftest import NOON
from tests.factories import make_source, raise_alert
from tests.pictures import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    make_source()
    alert = raise_alert(at=NOON)
    Alert.objects.filter(pk=alert.pk).update(image=images.store(jpeg(), at=NOON))
    alert.refresh_from_db()
    return alert


@pytest.fixture
def viewer(user):
    return permitted(user)


def permitted(user):
    user.user_permissions.add(Permission.objects.get(codename="view_alert", content_type__app_label="alerts"))
    return User.objects.get(pk=user.pk)


def open_link(client, link):
    return client.get(link.removeprefix("http://localhost:8000"))


def test_the_person_it_was_made_for_sees_the_picture(client, alert, viewer, caplog):
    caplog.set_level(logging.INFO, logger="alerts.image_views")
    client.force_login(viewer)

    response = open_link(client, images.signed_url(alert, viewer))

    assert (response.status_code, response.content) == (200, jpeg())
    assert str(alert.pk) in caplog.text


def test_the_answer_can_neither_be_kept_nor_run(client, alert, viewer):
    client.force_login(viewer)

    headers = open_link(client, images.signed_url(alert, viewer)).headers

    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Content-Disposition"] == "inline"


def test_another_person_gets_nothing(client, alert, viewer):
    other = permitted(User.objects.create_user("dana"))
    client.force_login(other)

    assert open_link(client, images.signed_url(alert, viewer)).status_code == 404


def test_nobody_gets_nothing(client, alert, viewer):
    assert open_link(client, images.signed_url(alert, viewer)).status_code == 404


def test_a_link_lives_five_minutes(client, alert, viewer, time_machine):
    time_machine.move_to(datetime(2026, 3, 2, 12, 0, tzinfo=UTC), tick=False)
    link = images.signed_url(alert, viewer)
    client.force_login(viewer)

    time_machine.shift(300)
    just_in_time = open_link(client, link).status_code
    time_machine.shift(1)

    assert (just_in_time, open_link(client, link).status_code) == (200, 404)


def test_a_permission_taken_away_counts_at_once(client, alert, viewer):
    link = images.signed_url(alert, viewer)
    client.force_login(viewer)

    viewer.user_permissions.clear()

    assert open_link(client, link).status_code == 404


def test_no_link_is_made_without_picture_permission_or_person(alert, user):
    viewer = permitted(User.objects.create_user("dana"))

    assert (images.signed_url(alert, user), images.signed_url(alert, None)) == (None, None)
    assert images.signed_url(Alert(pk=alert.pk), viewer) is None


@pytest.mark.parametrize("place", [0, 10, -1])
def test_a_link_that_was_changed_opens_nothing(client, alert, viewer, place):
    client.force_login(viewer)
    token = images.signed_url(alert, viewer).rpartition("/")[2]
    changed = list(token)
    changed[place] = "A" if token[place] != "A" else "B"

    assert client.get(f"/media/alerts/{''.join(changed)}").status_code == 404


@pytest.mark.parametrize(("key", "salt"), [("another key", "media-link"), (None, "answer")])
def test_a_token_signed_for_something_else_opens_nothing(client, alert, viewer, key, salt):
    client.force_login(viewer)
    token = signing.dumps([str(alert.pk), str(viewer.pk)], key=key or crypto.derive("media-link"), salt=salt)

    assert client.get(f"/media/alerts/{token}").status_code == 404


def test_no_url_leads_to_the_file_itself(client, alert, viewer):
    client.force_login(viewer)

    assert [client.get(f"/{place}").status_code for place in (f"media/{alert.image}", alert.image, f"static/{alert.image}")] == [404] * 3


def test_a_link_to_a_picture_that_is_gone_is_404(client, alert, viewer):
    client.force_login(viewer)
    images.remove(alert.image)

    assert open_link(client, images.signed_url(alert, viewer)).status_code == 404
