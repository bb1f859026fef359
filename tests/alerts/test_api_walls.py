"""REST of wall screens: made with an address that is answered once, changed, revoked."""

import pytest

from alerts.models import Wall
from sentinel_site.models import IdempotentAnswer
from tests.callers import KeyClient, make_caller

pytestmark = pytest.mark.django_db
CRUD = tuple(f"alerts.{verb}_wall" for verb in ("view", "add", "change", "delete"))


@pytest.fixture
def admin():
    return make_caller(*CRUD, name="admin")


def path_of(url):
    return "/" + url.split("/", 3)[3]


def test_one_is_made_with_the_documented_defaults_and_an_address_that_opens_it(admin):
    made = admin.send("/walls", {"name": "Night desk"})

    body = made.json()
    assert (made.status_code, KeyClient().get(path_of(body.pop("url"))).status_code) == (201, 302)
    assert body | {"id": "", "created_at": ""} == {
        "id": "", "name": "Night desk", "matchers": [], "site_label": "site", "rotate_seconds": 20, "language": "", "sound": "repeat",
        "names": True, "expires_at": None, "state": "works", "created_at": "", "revoked_at": None,
        "last_seen_at": None, "last_seen_address": None,
    }  # fmt: skip


def test_the_address_is_answered_once_and_kept_nowhere(admin):
    first = admin.send("/walls", {"name": "Desk"}, **{"Idempotency-Key": "one"})
    again = admin.send("/walls", {"name": "Desk"}, **{"Idempotency-Key": "one"})

    token = first.json()["url"].rpartition("/")[2]
    read = admin.read("/walls").content + again.content + str(IdempotentAnswer.objects.values_list("body", flat=True)).encode()
    assert (first.status_code, again.status_code, Wall.objects.count()) == (201, 409, 1)
    assert token.encode() not in read


def test_a_change_keeps_the_rest_and_its_address(admin):
    made = admin.send("/walls", {"name": "Desk", "matchers": ["site=north"]}).json()

    changed = admin.send(f"/walls/{made['id']}", {"rotate_seconds": 0, "language": "fr"}, method="PATCH").json()

    assert (changed["matchers"], changed["rotate_seconds"], changed["language"]) == (["site=north"], 0, "fr")
    assert KeyClient().get(path_of(made["url"])).status_code == 302


def test_revoked_it_says_so_and_opens_nothing_however_often(admin):
    made = admin.send("/walls", {"name": "Desk"}).json()

    answers = [admin.send(f"/walls/{made['id']}/revoke").json() for _ in range(2)]

    assert (answers[0]["state"], answers[0]["revoked_at"]) == ("revoked", answers[1]["revoked_at"])
    assert KeyClient().get(path_of(made["url"])).status_code == 401


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": " "}, "name"), ({"matchers": ["nonsense"]}, "matchers"), ({"rotate_seconds": 2}, "rotate_seconds"),
        ({"rotate_seconds": 601}, "rotate_seconds"), ({"language": "xx"}, "language"), ({"sound": "drums"}, "sound"),
        ({"site_label": "a b"}, "site_label"), ({"digest": "0" * 64}, "digest"), ({"revoked_at": None}, "revoked_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place(admin, change, place):
    answer = admin.send("/walls", {"name": "Desk"} | change)

    assert (answer.status_code, answer.json()["errors"][0]["loc"][1], Wall.objects.count()) == (422, place, 0)


def test_who_may_only_look_makes_and_revokes_nothing(admin):
    made = admin.send("/walls", {"name": "Desk"}).json()
    viewer = make_caller("alerts.view_wall", "alerts.view_alert", name="viewer")

    codes = [viewer.send(path, {"name": "x"}).status_code for path in ("/walls", f"/walls/{made['id']}/revoke")]
    codes.append(viewer.send(f"/walls/{made['id']}", {"names": True}, method="PATCH").status_code)

    assert codes == [403] * 3
    assert Wall.objects.get().revoked_at is None
