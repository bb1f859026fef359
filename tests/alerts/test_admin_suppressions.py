"""Silences and inhibitions in the admin."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alerts import escalation
from alerts.models import Inhibition, MaintenanceWindow, Silence
from notifications.models import Notification
from tests.alerts.test_admin_alerts import sign_in
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
SILENCES, INHIBITIONS = "/admin/alerts/silence/", "/admin/alerts/inhibition/"
WINDOWS = "/admin/alerts/maintenancewindow/"


@pytest.fixture
def boss():
    return sign_in(superuser=True)


def silence_form(*matchers, hours=1):
    now = timezone.now()
    start, end = now - timedelta(minutes=1), now + timedelta(hours=hours)
    shown = ((0, "%Y-%m-%d"), (1, "%H:%M:%S"))
    times = {f"{name}_{part}": f"{at:{form}}" for name, at in (("starts_at", start), ("ends_at", end)) for part, form in shown}
    return {"matchers": "\n".join(matchers), "reason": "works", **times}


def test_a_silence_made_in_the_admin_holds_and_names_its_author(boss):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    alert = raise_alert(at=timezone.now())

    answer = boss.post(f"{SILENCES}add/", silence_form("source=probe"))
    escalation.advance_due(at=timezone.now())

    alert.refresh_from_db()
    assert (answer.status_code, Silence.objects.get().author.username) == (302, "staff")
    assert (alert.suppressed_by[0]["reason"], Notification.objects.count()) == ("works", 0)


@pytest.mark.parametrize("matchers", [[""], ["nonsense"], ['room=~"(?=a)b"']])
def test_a_silence_that_cannot_be_read_is_refused_with_a_text(boss, matchers):
    answer = boss.post(f"{SILENCES}add/", silence_form(*matchers))

    assert (answer.status_code, Silence.objects.exists()) == (200, False)


def test_deleting_a_running_silence_ends_it_and_tells_what_it_held(boss):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    boss.post(f"{SILENCES}add/", silence_form("source=probe"))
    raise_alert(at=timezone.now())
    escalation.advance_due(at=timezone.now())

    boss.post(f"{SILENCES}{Silence.objects.get().pk}/delete/", {"post": "yes"})
    escalation.advance_due(at=timezone.now())

    assert Silence.objects.get().ends_at <= timezone.now()
    assert Notification.objects.count() == 1


def test_inhibitions_are_made_changed_and_listed(boss):
    form = {
        "name": "site down", "source_matchers": "type=site-down", "target_matchers": "type=disk", "equal": "site", "enabled": "on",
        "wait_seconds": "20",
    }  # fmt: skip

    answer = boss.post(f"{INHIBITIONS}add/", form)

    rule = Inhibition.objects.get()
    assert (answer.status_code, rule.equal, rule.wait_seconds) == (302, ["site"], 20)
    assert (
        boss.get(INHIBITIONS).status_code
        == boss.get(f"{INHIBITIONS}{rule.pk}/change/").status_code
        == boss.get(SILENCES).status_code
        == 200
    )


def test_a_viewer_may_look_and_not_silence():
    viewer = sign_in("alerts.view_silence")

    assert viewer.get(SILENCES).status_code == 200
    assert viewer.post(f"{SILENCES}add/", silence_form("source=probe")).status_code == 403


def test_the_form_counts_the_open_alerts_that_match_now(boss):
    make_source("probe")
    make_source("smarteye", life_safety=True)
    for number, source in enumerate(("probe", "probe", "smarteye")):
        raise_alert(at=timezone.now(), source=source, severity="critical", subject=f"s{number}")

    found = boss.get(f"{SILENCES}preview/", {"matchers": "severity=critical\nsubject=~s.*"}).json()
    wrong = boss.get(f"{SILENCES}preview/", {"matchers": "room=~(?=a)"}).json()

    assert {name: found[name] for name in ("open", "matching", "exempt", "p1")} == {"open": 3, "matching": 3, "exempt": 1, "p1": 2}
    assert ("not held back" in found["says"], wrong["wrong"]) == (True, True)
    assert b"data-silence-preview" in boss.get(f"{SILENCES}add/").content


def test_a_preview_is_for_those_who_may_see_alerts():
    assert sign_in("alerts.view_silence").get(f"{SILENCES}preview/", {"matchers": "a=b"}).status_code == 403


def test_a_maintenance_window_is_made_in_the_admin_and_shows_when_it_runs(boss):
    form = {"name": "Updates", "matchers": "source=probe", "reason": "updates", "time_zone": "Europe/Paris", "weekdays": ["5", "6"],
            "begins": "02:30", "cron": "", "duration_minutes": "90", "enabled": "on"}  # fmt: skip

    answer = boss.post(f"{WINDOWS}add/", form)

    window = MaintenanceWindow.objects.get()
    assert (answer.status_code, window.weekdays, window.author.username) == (302, [5, 6], "staff")
    assert Silence.objects.filter(window=window, ends_at__gt=timezone.now()).exists()
    shown = boss.get(WINDOWS).content.decode()
    assert ("Saturday, Sunday, 02:30 (Europe/Paris)" in shown, "1 h 30 min" in shown) == (True, True)
    assert boss.get(f"{WINDOWS}{window.pk}/change/").status_code == boss.get(SILENCES).status_code == 200

    boss.post(f"{WINDOWS}{window.pk}/delete/", {"post": "yes"})
    assert not MaintenanceWindow.objects.exists()


@pytest.mark.parametrize(
    ("fields", "word"),
    [({"duration_minutes": "1440"}, "begin again"), ({"cron": "0 3 * * *"}, "either"), ({"begins": ""}, "either"),
     ({"time_zone": "Mars"}, "zone"),
     ({"duration_minutes": "10081"}, "10080"), ({"begins": "", "cron": "nonsense"}, "five fields")],
)  # fmt: skip
def test_a_window_that_makes_no_sense_is_refused_and_told_why(boss, fields, word):
    form = {"name": "Updates", "matchers": "source=probe", "reason": "updates", "time_zone": "Europe/Paris", "begins": "02:30", "cron": "",
            "duration_minutes": "90", "enabled": "on"}  # fmt: skip

    answer = boss.post(f"{WINDOWS}add/", form | fields)

    assert (answer.status_code, word in answer.content.decode(), MaintenanceWindow.objects.exists()) == (200, True, False)


def test_deleting_a_silence_says_what_becomes_of_it_and_is_found_by_its_matcher(boss):
    at = timezone.now()
    running, planned = (
        Silence.objects.create(matchers=[f"type={word}"], reason="works", starts_at=at + begins, ends_at=at + timedelta(hours=2))
        for word, begins in (("boiler", -timedelta(minutes=1)), ("lift", timedelta(hours=1)))
    )

    asked = [boss.get(f"{SILENCES}{silence.pk}/delete/").content.decode() for silence in (running, planned)]
    found = boss.get(f"{SILENCES}?q=lift").content.decode()

    assert ["it ends now, and stays" in body for body in asked] == [True, False]
    assert ["it has not begun" in body for body in asked] == [False, True]
    assert ["type=lift" in found, "type=boiler" in found] == [True, False]
