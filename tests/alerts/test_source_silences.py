"""The address with which a script silences one source."""

import pytest
from django.utils import timezone

from alerts import escalation
from alerts.models import Silence
from notifications.models import Notification
from sentinel_site.models import ApiKey
from tests.callers import KeyClient, make_caller, make_user
from tests.conftest import MINUTE
from tests.factories import make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
ADDRESS = "/integrations/silence/probe"
ASKED = f"{ADDRESS}?minutes=30&reason=backup"


@pytest.fixture
def script():
    make_source("probe")
    return make_caller("alerts.add_silence")


def test_it_silences_one_source_for_so_long(script):
    make_recipient(groups=["oncall"])
    make_source("other")
    began = timezone.now()

    answer = script.post(ASKED)

    silence = Silence.objects.get()
    assert (answer.status_code, answer.json()["id"], silence.reason, silence.author.username) == (201, str(silence.pk), "backup", "robin")
    assert silence.ends_at - silence.starts_at == 30 * MINUTE
    assert silence.starts_at >= began
    for source in ("probe", "other"):
        raise_alert(at=silence.starts_at, source=source)
    escalation.advance_due(at=silence.starts_at)
    assert Notification.objects.count() == 1


def test_said_again_it_lasts_longer_and_never_shorter(script):
    script.post(ASKED)
    first = Silence.objects.get()

    shorter = script.post(f"{ADDRESS}?minutes=1&reason=again")
    longer = script.post(f"{ADDRESS}?minutes=90&reason=still")

    silence = Silence.objects.get()
    assert (shorter.status_code, shorter.json()["extended"], longer.status_code) == (200, True, 200)
    assert shorter.json()["ends_at"][:19] == f"{first.ends_at:%Y-%m-%dT%H:%M:%S}"
    assert (silence.starts_at, silence.reason, silence.ends_at > first.ends_at) == (first.starts_at, "still", True)


def test_it_cannot_go_on_for_more_than_a_week(script):
    script.post(ASKED)
    now = timezone.now()
    Silence.objects.update(starts_at=now - 10070 * MINUTE, ends_at=now + 5 * MINUTE)

    answer = script.post(ASKED)

    assert (answer.status_code, "7 days" in answer.json()["detail"]) == (422, True)


def test_a_source_on_which_lives_depend_is_refused_and_told_why(script):
    make_source("smarteye", life_safety=True)

    answer = script.post("/integrations/silence/smarteye?minutes=30&reason=x")

    assert (answer.status_code, answer.json()["code"], Silence.objects.exists()) == (409, "life_safety", False)
    assert "Lives depend" in answer.json()["detail"]


@pytest.mark.parametrize(
    "query",
    ["", "?minutes=30", "?reason=x", "?minutes=0&reason=x", "?minutes=10081&reason=x", "?minutes=-5&reason=x", "?minutes=1e9&reason=x",
     "?minutes=²&reason=x", "?minutes=30&reason=%20", "?minutes=30&reason=%00", "?minutes=99999999999999999999&reason=x"],
)  # fmt: skip
def test_what_says_not_how_long_or_why_is_refused(script, query):
    answer = script.post(f"{ADDRESS}{query}")

    assert (answer.status_code, Silence.objects.exists()) == (422, False)


def test_whoever_only_looks_silences_nothing(script):
    answers = [script.generic(method, ASKED).status_code for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")]

    assert (answers, Silence.objects.exists()) == ([405] * 5, False)


def test_the_key_may_stand_in_a_header_in_basic_or_in_the_address(script):
    _, key = ApiKey.issue(user=make_user("kim", "alerts.add_silence"), name="cron")
    stranger = KeyClient()

    found = [
        stranger.post(ASKED, headers={"X-Api-Key": key}).status_code,
        stranger.post(f"{ASKED}&key={key}").status_code,
        stranger.post(ASKED).status_code,
        stranger.post(f"{ASKED}&key={key}x").status_code,
        stranger.post(f"{ASKED}&key={key}", headers={"Authorization": "Bearer wrong"}).status_code,
    ]

    assert found == [201, 200, 401, 401, 401]


def test_who_may_not_or_is_only_signed_in_silences_nothing(script):
    reporter, guest = make_caller("alerts.report_alert", name="kim"), KeyClient()
    guest.force_login(make_user("root", is_superuser=True))

    answers = [reporter.post(ASKED), guest.post(ASKED), script.post(ASKED.replace("probe", "ghost"))]

    assert ([answer.status_code for answer in answers], Silence.objects.exists()) == ([403, 401, 404], False)
