"""Subscriptions in the admin."""

import pytest

from alerts.models import Subscription
from tests.alerts.test_admin_alerts import sign_in
from tests.providers import Answer, Provider

pytestmark = pytest.mark.django_db
LIST = "/admin/alerts/subscription/"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FORM = {
    "name": "Wiki", "url": "https://hooks.example.org/T0KEN", "secret": SECRET, "kinds": ["fired", "resolved"], "matchers": "source=probe",
    "format": "batch", "enabled": "on",
}  # fmt: skip


@pytest.fixture
def boss():
    return sign_in(superuser=True)


def test_a_new_one_shows_its_secret_once(boss):
    offered = boss.get(f"{LIST}add/").context["adminform"].form.initial["secret"]
    boss.post(f"{LIST}add/", FORM | {"secret": offered})

    row = Subscription.objects.get()
    page = boss.get(f"{LIST}{row.pk}/change/").content.decode()
    assert (row.secret, row.kinds, row.matchers, row.format) == (offered, ["fired", "resolved"], ["source=probe"], "batch")
    assert offered[6:] not in page


def test_a_change_without_a_secret_keeps_it_and_its_place(boss):
    boss.post(f"{LIST}add/", FORM)
    Subscription.objects.update(cursor=7, failures=2, last_error="the address answered 500")

    boss.post(f"{LIST}{Subscription.objects.get().pk}/change/", FORM | {"secret": "", "name": "Wall"})

    row = Subscription.objects.get()
    assert (row.name, row.secret, row.cursor, row.failures) == ("Wall", SECRET, 7, 0)


@pytest.mark.parametrize("wrong", [{"url": "gopher://x"}, {"secret": "word"}, {"matchers": "nonsense"}, {"kinds": ["exploded"]}])
def test_what_cannot_be_is_refused_with_a_text(boss, wrong):
    answer = boss.post(f"{LIST}add/", FORM | wrong)

    assert (answer.status_code, Subscription.objects.exists()) == (200, False)
    assert list(answer.context["adminform"].form.errors) == list(wrong)


def test_the_test_says_at_once_whether_it_was_taken(boss, settings):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with Provider() as receiver:
        boss.post(f"{LIST}add/", FORM | {"url": receiver.url})
        row = Subscription.objects.get()
        receiver.say(Answer(), Answer(status=401))
        said = []
        for _ in range(2):
            boss.post(f"{LIST}{row.pk}/send_test/", {"_form_submitted": "on"})
            said += [str(each) for each in boss.get(f"{LIST}{row.pk}/change/").context["messages"]]

        assert said[-2:] == ["The test was taken.", "The test did not arrive: the address refused the message (401)."]
        assert [each.json[0]["type"] for each in receiver.arrivals] == ["org.sentinel.test"] * 2


def test_a_viewer_sees_neither_the_address_nor_the_actions(boss):
    boss.post(f"{LIST}add/", FORM)
    viewer = sign_in("alerts.view_subscription", name="viewer")
    row = Subscription.objects.get()

    page = viewer.get(f"{LIST}{row.pk}/change/").content.decode()
    forced = viewer.post(f"{LIST}{row.pk}/send_test/", {"_form_submitted": "on"})

    assert ("T0KEN" in page, "https://hooks.example.org/…" in page) == (False, True)
    assert forced.status_code == 403
