"""REST of recipients, groups and contact methods."""

import pytest
from django.contrib.auth.models import User

from notifications.models import ContactMethod, Recipient, RecipientGroup
from tests.callers import make_caller
from tests.factories import make_method, make_policy, make_recipient

pytestmark = pytest.mark.django_db
CRUD = tuple(
    f"notifications.{verb}_{model}"
    for verb in ("view", "add", "change", "delete")
    for model in ("recipient", "recipientgroup", "contactmethod")
)
VERIFY = "notifications.verify_contactmethod"


@pytest.fixture
def admin():
    return make_caller(*CRUD, VERIFY, name="admin")


@pytest.fixture
def robin():
    """A caller without any right, who is a recipient."""
    caller = make_caller(name="robin")
    Recipient.objects.create(name="Robin", user=User.objects.get(username="robin"))
    return caller


def test_a_recipient_is_made_changed_and_deleted(admin):
    made = admin.send(
        "/recipients", {"name": "Kim", "language": "fr", "time_zone": "Europe/Paris", "quiet_from": "22:00", "quiet_until": "06:30"}
    )
    path = f"/recipients/{made.json()['id']}"
    changed = admin.send(path, {"active": False}, method="PATCH")

    assert made.status_code == 201
    assert changed.json() == made.json() | {"active": False}
    assert admin.read("/recipients").json() == {"items": [changed.json()], "next": None}
    assert (admin.send(path, method="DELETE").status_code, admin.read(path).status_code) == (204, 404)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "K", "language": "xx"}, "language"),
        ({"name": "K", "time_zone": "Mars"}, "time_zone"),
        ({"name": "K", "quiet_from": "late"}, "quiet_from"),
        ({"name": "K", "user": "ghost"}, "user"),
        ({"name": "K", "colour": "red"}, "colour"),
        ({"name": "K", "is_admin": True}, "is_admin"),
        ({"name": "K\0"}, "name"),
    ],
)
def test_a_bad_recipient_is_refused(admin, body, place):
    answer = admin.send("/recipients", body)

    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", place])
    assert Recipient.objects.count() == 0


def test_a_group_names_its_members_and_cannot_be_deleted_while_a_policy_uses_it(admin):
    kim = make_recipient("Kim")
    made = admin.send("/recipient-groups", {"slug": "night", "name": "Night shift", "members": [str(kim.pk)]})
    make_policy("Fall", groups=("night",))

    refused = admin.send("/recipient-groups/night", method="DELETE")

    assert made.json()["members"] == [str(kim.pk)]
    assert (refused.status_code, refused.json()["used_by"]) == (409, ["policy steps (after 0)"])


def test_a_slug_that_is_taken_is_a_conflict(admin):
    admin.send("/recipient-groups", {"slug": "night"})

    assert admin.send("/recipient-groups", {"slug": "night"}).status_code == 409


def test_an_unknown_member_is_refused_and_nothing_is_stored(admin):
    answer = admin.send("/recipient-groups", {"slug": "night", "members": ["019d0000-0000-7000-8000-000000000000"]})

    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "members", 0])
    assert admin.read("/recipient-groups/night").status_code == 404


def test_an_address_is_masked_and_a_secret_never_shown(admin):
    kim = make_recipient("Kim")
    secret = "whsec_" + "A" * 32

    made = admin.send(
        "/contact-methods", {"recipient": str(kim.pk), "kind": "webhook", "address": "https://hooks.example.org/abc", "secret": secret}
    )
    changed = admin.send(f"/contact-methods/{made.json()['id']}", {"label": "Pager"}, method="PATCH")

    assert (made.status_code, made.json()["address"], made.json()["verified"]) == (201, "https://hooks.example.org/…", True)
    assert secret not in made.content.decode() + changed.content.decode()
    assert ContactMethod.objects.get(label="Pager").secret == secret


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("email", "nobody"),
        ("sms", "0612345678"),
        ("voice", "+"),
        ("webhook", "ftp://x/"),
        ("webhook", "http://u:p@x/"),
        ("slack", "x"),
        ("apprise", "x"),
        ("email", ""),
        ("pigeon", "x"),
    ],
)
def test_a_bad_address_is_refused(admin, kind, address):
    kim = make_recipient("Kim")

    answer = admin.send("/contact-methods", {"recipient": str(kim.pk), "kind": kind, "address": address})

    assert (answer.status_code, ContactMethod.objects.count()) == (422, 1)


def test_a_method_has_exactly_one_owner(admin):
    kim = make_recipient("Kim", groups=["night"])
    method = {"kind": "email", "address": "a@example.org"}

    answers = [
        admin.send("/contact-methods", method | owner) for owner in ({}, {"recipient": str(kim.pk), "group": "night"}, {"group": "night"})
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 201]


def test_a_person_keeps_own_methods_unverified(robin):
    own = str(Recipient.objects.get().pk)
    method = {"recipient": own, "kind": "email", "address": "robin@example.org"}

    claimed = robin.send("/contact-methods", method | {"verified": True})
    made = robin.send("/contact-methods", method)
    lifted = robin.send(f"/contact-methods/{made.json()['id']}", {"verified": True}, method="PATCH")

    assert (claimed.status_code, made.status_code, lifted.status_code) == (403, 201, 403)
    assert ContactMethod.objects.get().verified is False


def test_a_person_who_moves_a_verified_address_loses_the_verification(robin):
    method = make_method(Recipient.objects.get())

    moved = robin.send(f"/contact-methods/{method.pk}", {"address": "other@example.org"}, method="PATCH")

    assert (moved.status_code, moved.json()["verified"]) == (200, False)


def test_a_verified_address_that_is_given_to_another_group_must_be_verified_again():
    editor = make_caller("notifications.change_contactmethod")
    night, _ = (RecipientGroup.objects.create(slug=slug, name=slug) for slug in ("night", "day"))
    method = make_method(night)

    moved = editor.send(f"/contact-methods/{method.pk}", {"group": "day"}, method="PATCH")

    assert (moved.status_code, moved.json()["group"], moved.json()["verified"]) == (200, "day", False)


def test_a_person_neither_sees_nor_touches_methods_of_others(robin):
    method = ContactMethod.objects.get(recipient=make_recipient("Kim"))
    path = f"/contact-methods/{method.pk}"

    codes = [robin.read(path), robin.send(path, {"label": "x"}, method="PATCH"), robin.send(path, method="DELETE")]
    planted = robin.send("/contact-methods", {"recipient": str(method.recipient_id), "kind": "email", "address": "x@example.org"})

    assert [answer.status_code for answer in codes] == [404, 404, 404]
    assert (planted.status_code, robin.read("/contact-methods").json()["items"]) == (403, [])


@pytest.mark.parametrize("path", ["/recipients", "/recipient-groups", "/contact-methods"])
def test_lists_take_the_same_number_of_statements_for_one_and_three(admin, path, django_assert_num_queries):
    counts = []
    for names in (["A"], ["B", "C"]):
        for name in names:
            make_recipient(name, groups=[name])
        admin.read(path)
        with django_assert_num_queries(2 if path == "/recipient-groups" else 1):
            counts.append(len(admin.read(path).json()["items"]))

    assert counts == [1, 3]
