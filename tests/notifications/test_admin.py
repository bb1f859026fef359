"""People and contact methods in the admin: addresses are masked, secrets are never shown, only some may verify."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.models import ContactMethod, Delivery, Notification, Recipient, RecipientGroup
from tests.factories import make_method, make_recipient

LISTS = ["recipient", "recipientgroup", "contactmethod", "notification", "delivery"]


def sign_in(*permissions, superuser=False) -> Client:
    """A browser in which a member of staff with ``permissions`` is signed in."""
    user = User.objects.create_user("staff", is_staff=True, is_superuser=superuser)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="notifications", codename__in=permissions))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def url(row, action="change") -> str:
    return f"/admin/notifications/{row._meta.model_name}/{row.pk}/{action}/"


@pytest.fixture
def boss(db) -> Client:
    return sign_in(superuser=True)


@pytest.fixture
def robin(db) -> Recipient:
    return make_recipient(groups=["oncall"])


@pytest.fixture
def method(robin) -> ContactMethod:
    return robin.contact_methods.get()


def fields(method, **changed) -> dict[str, str]:
    """What the form of ``method`` sends."""
    owner = {"recipient": str(method.recipient_id or ""), "group": str(method.group_id or "")}
    given = {**owner, "kind": method.kind, "address": method.address, "secret": "", "label": method.label, "order": "1", "active": "on",
             "platform": "", **changed}  # fmt: skip
    return given | ({"verified": "on"} if method.verified and "verified" not in changed else {})


def told(recipient) -> Delivery:
    """A message that was sent."""
    at, method = timezone.now(), recipient.contact_methods.first()
    notification = Notification.objects.create(key=str(recipient.pk), thread="test", recipient=recipient, reason="first", created_at=at)
    return notification.deliveries.create(transport="email", status="sent", queued_at=at, method=method)


@pytest.mark.parametrize("model", LISTS)
def test_every_list_opens_with_nothing_in_it(boss, model):
    assert boss.get(f"/admin/notifications/{model}/").status_code == 200


@pytest.mark.parametrize("model", LISTS)
def test_every_list_costs_the_same_at_one_and_at_three_rows(boss, robin, model):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert boss.get(f"/admin/notifications/{model}/").status_code == 200
        return len(seen)

    told(robin)
    queries()
    one = queries()
    for name in ("Ana Ribeiro", "Jules Petit"):
        told(make_recipient(name, groups=[name[:3].lower(), "oncall"]))

    assert queries() == one


def test_every_page_opens(boss, robin, method):
    delivery = told(robin)

    rows = [robin, RecipientGroup.objects.get(), method, delivery, delivery.notification]

    assert [boss.get(url(row)).status_code for row in rows] == [200] * 5


def test_lists_mask_addresses(boss, method):
    body = boss.get("/admin/notifications/contactmethod/").content.decode()

    assert ("r…e@example.org" in body, "robin.vale@example.org" in body) == (True, False)


def test_who_may_only_look_sees_a_masked_address(method):
    client = sign_in("view_contactmethod", "view_recipient")

    bodies = [client.get(url(row)).content.decode() for row in (method, method.recipient)]

    assert [("r…e@example.org" in body, "robin.vale@example.org" in body) for body in bodies] == [(True, False)] * 2


def test_the_secret_is_never_shown_and_stays_when_left_empty(boss, robin):
    hook = make_method(robin, kind="webhook", address="https://hooks.example.org/x", secret="whsec_dGVzdA==")

    assert "whsec_dGVzdA" not in boss.get(url(hook)).content.decode()
    boss.post(url(hook), fields(hook, label="renamed"))

    hook.refresh_from_db()
    assert (hook.label, hook.secret) == ("renamed", "whsec_dGVzdA==")


def test_a_new_secret_replaces_the_old_one(boss, robin):
    hook = make_method(robin, kind="webhook", address="https://hooks.example.org/x", secret="whsec_dGVzdA==")

    boss.post(url(hook), fields(hook, secret="whsec_bmV3"))

    hook.refresh_from_db()
    assert hook.secret == "whsec_bmV3"


def test_a_changed_address_must_be_verified_again(boss, method):
    boss.post(url(method), fields(method, address="other@example.org"))

    method.refresh_from_db()
    assert (method.address, method.verified) == ("other@example.org", False)


def test_a_verified_address_that_is_given_to_somebody_else_must_be_verified_again(boss, method):
    other = make_recipient("Kim Berg")

    boss.post(url(method), fields(method, recipient=str(other.pk), verified="on"))

    method.refresh_from_db()
    assert (method.recipient, method.verified) == (other, False)


def test_who_may_not_verify_cannot_say_verified(method):
    method.verified = False
    method.save()
    client = sign_in("view_contactmethod", "change_contactmethod", "view_recipient")

    client.post(url(method), fields(method, verified="on", label="mine"))

    method.refresh_from_db()
    assert (method.label, method.verified) == ("mine", False)


def test_no_owner_and_two_owners_are_refused_in_words(boss, method):
    group = RecipientGroup.objects.get()

    answers = [boss.post(url(method), fields(method, recipient="")), boss.post(url(method), fields(method, group=str(group.pk)))]

    assert ["name exactly one" in answer.content.decode() for answer in answers] == [True, True]


@pytest.mark.parametrize(("address", "says"), [
    ("file:///etc/passwd", "begins with file://"), ("ntfy://10.0.0.1/topic", "SENTINEL_APPRISE_HOSTS"), ("discord://x", "is not complete"),
])  # fmt: skip
def test_an_apprise_url_that_is_not_sent_to_is_refused_in_words(boss, method, address, says):
    answer = boss.post(url(method), fields(method, kind="apprise", address=address))

    assert (answer.status_code, says in answer.content.decode(), ContactMethod.objects.get().kind) == (200, True, "email")


def test_a_test_message_goes_into_the_outbox(boss, method):
    boss.get(url(method, "send_test"))
    assert Notification.objects.count() == 0

    boss.post(url(method, "send_test"), {"_form_submitted": "on"})

    assert Delivery.objects.values_list("notification__reason", "method_id", "transport").get() == ("test", method.pk, "email")


def test_a_test_message_to_an_unverified_address_is_refused_in_words(boss, method):
    ContactMethod.objects.update(verified=False)

    boss.post(url(method, "send_test"), {"_form_submitted": "on"})

    assert "Nothing was sent: this method is not verified" in boss.get(url(method)).content.decode()


def test_enable_again_takes_back_that_sentinel_switched_it_off(boss, method):
    ContactMethod.objects.update(disabled_at=timezone.now(), disabled_reason="mailbox gone")
    assert "mailbox gone" in boss.get(url(method)).content.decode()

    boss.post(url(method, "enable_again"), {"_form_submitted": "on"})

    method.refresh_from_db()
    assert (method.disabled_at, method.disabled_reason) == (None, "")


@pytest.mark.parametrize("action", ["send_test", "enable_again"])
def test_who_may_not_change_methods_cannot_act_on_them(method, action):
    ContactMethod.objects.update(disabled_at=timezone.now())
    client = sign_in("view_contactmethod")

    answer = client.post(url(method, action), {"_form_submitted": "on"})

    assert (answer.status_code, Notification.objects.count(), ContactMethod.objects.filter(disabled_at=None).count()) == (403, 0, 0)


def test_whoever_was_told_something_cannot_be_deleted(boss, robin):
    told(robin)

    assert boss.post(url(robin, "delete"), {"post": "yes"}).status_code == 403


def test_deliveries_are_read_only(boss, robin):
    delivery = told(robin)

    answers = [boss.post(url(delivery), {"status": "seen"}), boss.post(url(delivery, "delete"), {"post": "yes"})]

    assert [answer.status_code for answer in answers] == [403, 403]


def test_what_a_message_was_about_is_for_those_who_may_read_alerts(robin):
    delivery = told(robin)
    delivery.notification.context = {
        "alert": {"number": 7, "title": "Fall in room 12", "url": "https://sentinel.example.org/live/alerts/x"}
    }
    delivery.notification.save()
    client = sign_in("view_delivery", "view_notification")
    pages = [url(delivery), url(delivery.notification), "/admin/notifications/delivery/", "/admin/notifications/notification/"]

    before = ["Fall in room 12" in client.get(page).content.decode() for page in pages]
    User.objects.get().user_permissions.add(Permission.objects.get(codename="view_alert"))

    assert (before, ["#7 Fall in room 12" in client.get(page).content.decode() for page in pages]) == ([False] * 4, [True] * 4)


def test_tries_are_told_by_the_clock_and_in_words(boss, robin):
    delivery = told(robin)
    Delivery.objects.update(history=[{"at": "2026-03-02T10:00:05.133Z", "status": "sent", "took_ms": 61}])

    body = boss.get(url(delivery)).content.decode()

    assert "2026-03-02 10:00:05 Sent after 61 ms" in body
