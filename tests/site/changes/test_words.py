from datetime import UTC, datetime

import pytest

from sentinel_site.changes import words
from sentinel_site.models import ConfigChange


def changed(model, changes, action="changed"):
    return ConfigChange(model=model, action=action, changes=changes, object_words="Probe", at=datetime(2026, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("model", "name", "before", "after", "line"),
    [
        ("alerts.source", "enabled", True, False, ("Enabled", ["yes"], ["no"])),
        ("alerts.source", "severity", "medium", "high", ("Severity", ["Medium"], ["High"])),
        ("alerts.source", "policy", None, {"id": "3", "name": "Calls"}, ("Policy", ["–"], ["Calls"])),
        ("alerts.policystep", "kinds", ["sms"], ["sms", "voice"], ("Kinds", ["–"], ["Voice call"])),
        ("alerts.route", "weekdays", [], [0], ("Weekdays", ["–"], ["Monday"])),
        ("gone.model", "what_ever", 1, 2, ("What ever", ["1"], ["2"])),
    ],
)
def test_a_field_is_told_as_people_call_it(model, name, before, after, line):
    (found,) = words.lines(changed(model, {name: {"before": before, "after": after}}))

    assert tuple(found) == line


def test_a_secret_is_told_as_one():
    (found,) = words.lines(changed("devices.device", {"password": {"secret": True, "before": "set", "after": "set"}}))

    assert tuple(found) == ("Password", ["secret, not shown"], ["secret, not shown (changed)"])


def test_of_parts_those_are_shown_that_differ():
    one = {"delay_seconds": 0, "label": "Fall", "groups": []}
    two = {"delay_seconds": 60, "label": "", "groups": [{"id": "1", "name": "Nurses"}]}
    (found,) = words.lines(changed("alerts.escalationpolicy", {"steps": {"before": [one], "after": [one, two]}}))

    assert tuple(found) == ("Steps", ["–"], ["Delay seconds: 60; Groups: Nurses"])


def test_many_fields_are_summed_up():
    change = changed("alerts.source", {name: {"before": 1, "after": 2} for name in ("name", "slug", "kind", "triage", "policy")})

    assert words.summary(change) == "Name, Slug, Kind, 2 more"
