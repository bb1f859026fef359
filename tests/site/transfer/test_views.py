import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from notifications.models import Recipient
from sentinel_site.transfer.sorts import SORTS
from tests.callers import make_user
from tests.factories import make_policy, make_recipient, make_source

pytestmark = pytest.mark.django_db
PLACE = "/admin/transfer/recipients"


def held(client, data=b"name\nAnn\n"):
    return client.post(f"{PLACE}/", {"file": SimpleUploadedFile("people.csv", data)}).context_data.get("held")


def test_each_file_is_for_who_may(client):
    statuses = []
    for name, rights in (
        ("nothing", []),
        ("looks", ["notifications.view_recipient"]),
        ("changes", [f"notifications.{verb}_recipient" for verb in ("view", "add", "change")]),
    ):
        client.force_login(make_user(name, *rights, is_staff=True))
        places = ("/admin/transfer/", f"{PLACE}.csv", f"{PLACE}/", "/admin/transfer/contact-methods.csv")
        statuses.append([client.get(place).status_code for place in places])
    client.force_login(make_user("guest", "notifications.view_recipient"))

    assert statuses == [[403, 403, 403, 403], [200, 200, 403, 403], [200, 200, 200, 403]]
    assert client.get(f"{PLACE}.csv").status_code == 302


def test_every_sort_has_its_files_and_its_page(client):
    client.force_login(User.objects.create_superuser("boss"))
    make_recipient("Ann")

    places = [f"/admin/transfer/{name}{end}" for name in SORTS for end in (".csv", ".json", ".xlsx", "/")]

    assert {client.get(place).status_code for place in places} == {200}
    assert [client.get(f"/admin/transfer/{name}").status_code for name in ("nothing/", "recipients.ods", "nothing.csv")] == [404, 404, 404]


def test_a_held_file_is_its_readers_own_and_cannot_be_forged(client):
    client.force_login(User.objects.create_superuser("boss"))
    mine = held(client)
    forged = [mine[:-2], "x", "", mine.replace(mine[0], "Z", 1)]
    answers = [client.post(f"{PLACE}/", {"held": text}).status_code for text in forged]
    answers.append(client.post("/admin/transfer/recipient-groups/", {"held": mine}).status_code)
    client.force_login(User.objects.create_superuser("other"))
    answers.append(client.post(f"{PLACE}/", {"held": mine}).status_code)

    assert (answers, Recipient.objects.count()) == ([422] * 6, 0)


def test_what_would_not_work_any_more_needs_a_tick(client, admin_user):
    client.force_login(admin_user)
    make_recipient("Ann", groups=["oncall"])
    make_source("probe", policy=make_policy("Calls"))
    off = held(client, b"name,active\nAnn,false\n")

    refused = client.post(f"{PLACE}/", {"held": off})
    assert ("Nothing was imported" in refused.content.decode(), Recipient.objects.get().active) == (True, True)

    client.post(f"{PLACE}/", {"held": refused.context_data["held"], "understood": "1"})
    assert Recipient.objects.get().active is False


def test_a_hostile_file_is_shown_as_text(client, admin_user):
    client.force_login(admin_user)
    page = client.post(f"{PLACE}/", {"file": SimpleUploadedFile("<b>.csv", b"name,language\n<script>alert(1)</script>,zz\n")})

    assert page.status_code == 422
    assert "<script>alert" not in page.content.decode()


def test_a_date_that_can_be_meant_in_two_ways_is_told_of(client, admin_user):
    client.force_login(admin_user)
    data = b'matchers;reason;starts_at;ends_at\n"[""room=1""]";Paint;03/04/2090;04/04/2090\n'

    page = client.post("/admin/transfer/silences/", {"file": SimpleUploadedFile("silences.csv", data)}).content.decode()

    assert "can be meant in two ways" in page
    assert "03/04/2090 → <strong>3 April 2090</strong>" in page
    assert "04/04/2090 →" not in page


def test_a_page_without_a_token_takes_nothing_in():
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("boss"))

    assert client.post(f"{PLACE}/", {"file": SimpleUploadedFile("people.csv", b"name\nAnn\n")}).status_code == 403
