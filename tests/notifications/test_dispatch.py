"""Writing the outbox: who is told, by which methods."""

from datetime import date, time

import pytest
from django.db import transaction

from notifications import dispatch, transports
from notifications.message import Message, Order
from notifications.models import Delivery, Notification, NotificationRule, Recipient, RecipientGroup
from notifications.models.people import mask
from tests.conftest import HOUR, NOON, SECOND
from tests.factories import make_method, make_recipient, make_schedule

pytestmark = pytest.mark.django_db


def order(*people, kinds=(), groups=(), schedules=(), key="k", priority=1, **fields):
    told = Message(reason="first", urgency="high", priority=priority, context={}, expires_at=NOON + 24 * HOUR, **fields)
    return Order(
        "alert:1", key, told, recipients=frozenset(str(p.pk) for p in people), groups=frozenset(groups), kinds=frozenset(kinds),
        schedules=frozenset(str(getattr(each, "pk", each)) for each in schedules),
    )  # fmt: skip


def tell(*args, **kwargs):
    return dispatch.tell([order(*args, **kwargs)], at=NOON)[0]


def kinds_used():
    return sorted(Delivery.objects.values_list("transport", flat=True))


def test_every_usable_method_is_used():
    robin = make_recipient()
    make_method(robin, kind="webhook", address="https://hooks.example.org/1")
    make_method(robin, address="unverified@example.org", verified=False)
    make_method(robin, address="off@example.org", active=False)

    assert tell(robin).deliveries == 2
    assert kinds_used() == ["email", "webhook"]


def test_kinds_that_cannot_be_sent_here_are_left_out(settings):
    settings.FIREBASE_CREDENTIALS = ""
    robin = make_recipient()
    make_method(robin, kind="push", address="token")

    assert tell(robin, kinds=["email", "push"]).deliveries == 1
    assert kinds_used() == ["email"]


def test_any_other_method_is_used_when_none_of_the_wanted_kinds_can():
    robin = make_recipient()
    make_method(robin, kind="sms", address="+33612345678")

    assert tell(robin, kinds=["sms", "voice"]).deliveries == 1
    assert kinds_used() == ["email"]


def test_somebody_who_can_only_be_reached_by_a_missing_kind_is_unreachable():
    robin = make_recipient()
    robin.contact_methods.all().delete()
    make_method(robin, kind="sms", address="+33612345678")

    why = transports.missing("sms")
    assert tell(robin).unreachable == (("Robin Vale", f"cannot be reached: {why}"),)


@pytest.mark.parametrize(("change", "why"), [
    ({"active": False}, "has no contact method that is verified, active and working"),
    ({"verified": False}, "has no contact method that is verified, active and working"),
    ({"disabled_at": NOON}, "has no contact method that is verified, active and working"),
])  # fmt: skip
def test_who_cannot_be_reached_is_said_with_the_reason(change, why):
    robin = make_recipient()
    robin.contact_methods.update(**change)

    assert tell(robin).unreachable == (("Robin Vale", why),)


def test_a_groups_own_method_is_told_once():
    robin = make_recipient(groups=["oncall"])
    make_method(RecipientGroup.objects.get(slug="oncall"), kind="webhook", address="https://hooks.example.org/team")

    told = tell(robin, groups=["oncall"])

    assert (told.deliveries, sorted(told.recipients)) == (2, ["Robin Vale", "oncall"])


def test_the_same_key_tells_once():
    robin = make_recipient()

    assert tell(robin).ids == tell(robin).ids
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("people", [1, 3])
def test_the_number_of_statements_does_not_grow(people, django_assert_num_queries):
    quiet = {"quiet_from": time(1), "quiet_until": time(2)}
    everyone = [make_recipient(f"Person {number}", groups=["oncall"], **quiet) for number in range(people)]
    for person in everyone:
        NotificationRule.objects.create(recipient=person, kind="email")

    with transaction.atomic(), django_assert_num_queries(4):
        assert tell(groups=["oncall"]).deliveries == len(everyone)


def test_whoever_is_on_call_at_the_instant_is_told():
    robin, kim = make_recipient(), make_recipient("Kim")
    schedule = make_schedule("Nights", robin, kim, layer={"kind": "daily"})

    first = dispatch.tell([order(schedules=[schedule])], at=NOON)[0]
    next_day = dispatch.tell([order(schedules=[schedule], key="later")], at=NOON + 24 * HOUR)[0]

    assert (first.recipients, next_day.recipients) == (("Robin Vale",), ("Kim",))


def test_somebody_on_call_twice_and_named_is_told_once():
    robin = make_recipient(groups=["oncall"])
    schedules = [make_schedule("Nights", robin), make_schedule("Days", robin)]

    assert tell(robin, groups=["oncall"], schedules=schedules).recipients == ("Robin Vale",)


def test_an_override_is_told_instead():
    robin, kim = make_recipient(), make_recipient("Kim")
    schedule = make_schedule("Nights", robin)
    schedule.overrides.create(starts_at=NOON - HOUR, ends_at=NOON + HOUR, recipient=kim)

    assert tell(schedules=[schedule]).recipients == ("Kim",)


def test_a_schedule_with_nobody_says_so():
    told = tell(schedules=[make_schedule("Nights"), "0193e0a0-0000-7000-8000-000000000001"])

    assert told.deliveries == 0
    assert set(told.unreachable) == {("Nights", "has nobody on call"), ("an on-call schedule", "was deleted")}


def test_a_schedule_that_cannot_be_worked_out_keeps_nobody_else_from_being_told():
    robin = make_recipient(groups=["oncall"])
    broken = make_schedule("Nights", robin, layer={"starts_on": date(9999, 12, 31)})

    told = tell(groups=["oncall"], schedules=[broken])

    assert (told.deliveries, told.unreachable) == (1, (("Nights", "cannot be worked out; see the log"),))


@pytest.mark.parametrize("people", [1, 3])
def test_schedules_cost_four_statements_more(people, django_assert_num_queries):
    schedules = [make_schedule(f"Schedule {number}", make_recipient(f"Person {number}")) for number in range(people)]

    with transaction.atomic(), django_assert_num_queries(8):  # four, and four for schedules
        assert tell(schedules=schedules).deliveries == people


@pytest.mark.parametrize(("kind", "address", "shown"), [
    ("email", "robin@example.org", "r…n@example.org"), ("sms", "+33612345678", "+33…78"),
    ("webhook", "https://user:pw@hooks.example.org/secret?t=1", "https://hooks.example.org/…"), ("push", "abcdefghijkl", "…ijkl"),
])  # fmt: skip
def test_an_address_is_masked(kind, address, shown):
    assert mask(kind, address) == shown


def waiting():
    """What is in the outbox: which way, and how many seconds from NOON."""
    rows = Delivery.objects.order_by("next_attempt_at").values_list("transport", "next_attempt_at")
    return [(kind, (due - NOON).total_seconds()) for kind, due in rows]


@pytest.fixture
def staged(receiver):
    """Robin, who wants a webhook at once and mail after two minutes."""
    robin = make_recipient()
    make_method(robin, kind="webhook", address="https://hooks.example.org/1", order=2)
    NotificationRule.objects.create(recipient=robin, kind="webhook")
    NotificationRule.objects.create(recipient=robin, kind="email", delay_seconds=120)
    return robin


def test_rules_delay_a_persons_methods(staged):
    assert tell(staged).deliveries == 2
    assert waiting() == [("webhook", 0), ("email", 120)]


def test_a_method_that_fails_lets_the_delayed_one_go_at_once(staged):
    tell(staged)
    failed = Delivery.objects.select_related("notification__recipient").get(transport="webhook")

    following = dispatch.fall_over([failed], at=NOON + SECOND)

    assert [delivery.transport for delivery in following.values()] == ["email"]
    assert waiting() == [("webhook", 0), ("email", 1)]


def test_quiet_hours_hold_messages_until_they_end():
    robin = make_recipient(time_zone="Europe/Paris", quiet_from=time(12), quiet_until=time(15))

    told = tell(robin, priority=2)

    assert (told.deliveries, told.recipients, told.held) == (1, (), (("Robin Vale", NOON + 2 * HOUR),))
    assert waiting() == [("email", 2 * 3600)]
    assert Notification.objects.get().expires_at == NOON + 26 * HOUR


@pytest.mark.parametrize("serious", [{"priority": 1}, {"life_safety": True}])
def test_quiet_hours_hold_nothing_serious(serious):
    robin = make_recipient(quiet_from=time(10), quiet_until=time(15))

    assert tell(robin, **{"priority": 3, **serious}).recipients == ("Robin Vale",)
    assert waiting() == [("email", 0)]


def test_a_delay_that_runs_into_quiet_hours_waits_for_their_end(staged):
    staged.quiet_from, staged.quiet_until = time(12, 1), time(13)
    staged.save()

    tell(staged, priority=2)

    assert waiting() == [("webhook", 0), ("email", 3600)]


def test_falling_over_keeps_quiet_hours(staged):
    tell(staged, priority=2)
    Recipient.objects.update(quiet_from=time(12, 1), quiet_until=time(13))
    failed = Delivery.objects.select_related("notification__recipient").get(transport="webhook")

    dispatch.fall_over([failed], at=NOON + 90 * SECOND)

    assert waiting() == [("webhook", 0), ("email", 120)]


def test_a_plan_says_what_would_be_told_and_writes_nothing(staged):
    ((call,),) = dispatch.plan([order(staged)], at=NOON)

    assert [(way.method.kind, way.at) for way in call.ways] == [("webhook", NOON), ("email", NOON + 120 * SECOND)]
    assert not Notification.objects.exists()


def test_a_message_names_those_who_are_told_with_its_reader():
    tell(make_recipient("Ana Ribeiro"), make_recipient("Jules Petit"))
    tell(make_recipient("Robin Vale"), key="alone")

    told = [note.context.get("told") for note in Notification.objects.order_by("id")]

    assert [sorted(names) if names else None for names in told] == [["Ana Ribeiro", "Jules Petit"]] * 2 + [None]
