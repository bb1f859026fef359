"""What a message in Slack says, and that nothing in it can be more than text."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as runs
from hypothesis import strategies as st

from notifications.rendering import Wording
from notifications.transports import slack_blocks
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import ALERT, queue
from tests.notifications.slack import CHANNEL, elements, words, wrong

pytestmark = pytest.mark.django_db
ANSWERS = ["answer:handling", "answer:calling", "answer:on_my_way", "answer:false_alarm", "answer:handled"]
TAKEN = {"status": "ACKNOWLEDGED", "by": "Robin Vale", "at": "2026-03-02T12:03:00.000Z", "promise": "calling", "resolution": ""}
OVER = {**TAKEN, "status": "RESOLVED", "resolution": "false_alarm"}
HOSTILE = "<!channel> <@U0ROBIN0001> <https://evil.example|click> & *bold* \u202e " + "x" * 9000
SECOND = {**ALERT, "id": "0193e0a0-0000-7000-8000-000000000002", "number": 1043, "title": "Second"}


def message(*, state=None, again=False, buttons=True, language="en", name="Robin Vale", **fields):
    robin = make_recipient(name[:120], email="robin@example.org", language=language, time_zone="Europe/Paris")
    make_method(robin, kind="slack", address=CHANNEL)
    (delivery,) = queue(robin, kinds=["slack"], **fields)
    body = slack_blocks.message(delivery, Wording(delivery), buttons=buttons, again=again, state=state)
    assert wrong(body) == ""
    return body


def names(body):
    return [each["action_id"] for each in elements(body)]


def test_a_message_says_what_where_since_when_and_who_was_told():
    body = message(context={"alert": ALERT, "told": ["Robin Vale", "Kim Ode"]})

    said = words(body)
    assert body["text"].startswith("[P1] Fall in room 12 (cam-12)")
    assert body["blocks"][0]["text"]["text"] == "🔴 [P1] Fall in room 12 (cam-12)"
    for part in ("*Where*\\ncam-12", "*By*\\nSmartEye", "*Told*\\nRobin Vale, Kim Ode", "Person on the floor.", "<!date^1772452500^"):
        assert part in said


def test_a_message_that_it_is_over_looks_like_it():
    body = message(reason="resolved")

    assert (body["blocks"][0]["text"]["text"], words(body).endswith("#1042 · Sentinel")) == ("✅ [P1] Over: Fall in room 12 (cam-12)", True)


def test_a_test_has_a_button_instead_of_an_address():
    body = message(reason="test", context={"alert": None})

    assert (names(body), "http" in words(body)) == (["answer:seen"], False)


def test_the_buttons_are_the_answers_and_a_link():
    body = message()

    assert names(body) == [*ANSWERS, "link:answer"]
    assert all("confirm" in each for each in elements(body)[3:5])


def test_french_people_read_french():
    body = message(language="fr", state={ALERT["id"]: TAKEN}, context={"alert": ALERT, "told": ["Robin Vale", "Kim Ode"]})

    said = words(body)
    assert ("*Prévenus*" in said, "*Où*\\ncam-12" in said, "Robin Vale appelle" in said) == (True, True, True)
    assert [each["text"]["text"] for each in elements(body)][:2] == ["Fausse alerte", "Résolue"]


def test_a_taken_alert_says_who_has_it_and_can_still_be_closed():
    body = message(state={ALERT["id"]: TAKEN})

    assert "Robin Vale is calling (<!date^1772452980^" in words(body)
    assert names(body) == ["answer:false_alarm", "answer:handled", "link:answer"]


def test_a_closed_alert_has_no_answers_left():
    body = message(state={ALERT["id"]: OVER})

    assert "✅ Over: false alarm – Robin Vale" in words(body)
    assert names(body) == ["link:alert"]


def test_a_bundle_keeps_its_buttons_until_every_alert_is_taken():
    context = {"alert": ALERT, "alerts": [ALERT, SECOND]}

    body = message(context=context, reason="bundle", state={ALERT["id"]: TAKEN})

    assert names(body)[:5] == ANSWERS
    assert "#1042 Fall in room 12: 🙋 Robin Vale is calling" in words(body)


def test_a_bundle_of_which_all_is_over_offers_nothing():
    context = {"alert": ALERT, "alerts": [ALERT, SECOND]}

    assert names(message(context=context, reason="bundle", state={ALERT["id"]: OVER, SECOND["id"]: OVER})) == []


@pytest.mark.parametrize("reason", ["resolved", "expired"])
def test_what_is_over_asks_for_no_answer(reason):
    assert names(message(reason=reason)) == ["link:alert"]


@pytest.mark.parametrize(("buttons", "shown"), [(True, ["answer:seen"]), (False, ["link:answer"])])
def test_a_test_can_be_answered(buttons, shown):
    assert names(message(reason="test", context={"label": ""}, buttons=buttons)) == shown


def test_hostile_text_stays_text():
    alert = {**ALERT, **dict.fromkeys(("title", "subject", "description", "source_name"), HOSTILE), "url": "javascript:alert(1)"}

    body = message(context={"alert": alert}, name=HOSTILE, state={ALERT["id"]: {**TAKEN, "by": HOSTILE}})

    said = words(body) + body["text"]
    assert ("<!channel>" in said, "<@" in said, "<https" in said, "\u202e" in said) == (False, False, False, False)
    assert "link:alert" not in names(body)


def test_a_hundred_alerts_fit():
    alerts = [{**ALERT, "id": str(number), "title": "&" * 300, "subject": "<" * 200} for number in range(100)]

    message(context={"alert": alerts[0], "alerts": alerts}, reason="bundle", state={each["id"]: TAKEN for each in alerts})


@given(text=st.text(max_size=400), longest=st.integers(5, 300))
@runs(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_escaped_text_is_short_enough_and_never_cut_within_an_escape(text, longest):
    shown = slack_blocks.escape(text, longest)

    assert len(shown.encode("utf-16-le", "surrogatepass")) // 2 <= longest
    assert not set("<>") & set(shown)
    assert all(part.startswith(("amp;", "lt;", "gt;")) for part in shown.split("&")[1:])


def test_a_reference_names_its_delivery_and_nothing_else_does():
    (delivery,) = queue(make_recipient())
    good = slack_blocks.reference(delivery.pk)

    assert slack_blocks.dereference(good) == delivery.pk
    forged = [
        good[:-1],
        good[:-1] + "é",
        good.replace(good[0], "f" if good[0] != "f" else "0", 1),
        f"{delivery.pk}",
        f"{delivery.pk}.",
        ".",
        "",
    ]
    assert {slack_blocks.dereference(value) for value in forged} == {None}
