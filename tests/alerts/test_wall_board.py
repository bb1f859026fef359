"""What a wall is sent of open alerts: in order, no more than it may show, and what is left out is counted."""

import pytest
from django.contrib.auth.models import User

from alerts import lifecycle, wall_board
from alerts.models import Alert, Wall
from tests.conftest import MINUTE, NOON
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db
SENT = {
    "id", "number", "priority", "status", "title", "subject", "source", "site", "occurrences", "life_safety", "created_at", "next_step_at",
    "unanswered", "held", "taken_by", "promise",
}  # fmt: skip


def shown(*, matchers=(), **fields):
    return wall_board.snapshot(Wall(name="Desk", matchers=list(matchers), **fields), at=NOON)


def titles(**fields):
    return [alert["title"] for alert in shown(**fields)["open"]]


def test_the_most_urgent_come_first_and_among_them_the_oldest():
    make_source()
    for minute, (subject, severity) in enumerate([("a", "low"), ("b", "critical"), ("c", "high"), ("d", "critical"), ("e", "high")]):
        raise_alert(at=NOON + minute * MINUTE, title=subject, subject=subject, severity=severity)

    assert titles() == ["b", "d", "c", "e", "a"]


def test_nothing_is_sent_that_a_screen_does_not_need():
    make_source()
    raise_alert(at=NOON, description="her name", labels={"patient": "Ann"}, links=[{"href": "https://x.example", "text": "file"}])

    (alert,) = shown()["open"]

    assert alert.keys() == SENT
    assert not {"her name", "Ann", "https://x.example"} & {str(value) for value in alert.values()}


@pytest.mark.parametrize(
    ("matchers", "expected"),
    [
        ([], ["cam", "north", "south"]), (["source=cams"], ["cam"]), (["site=north"], ["north"]), (['site=~"n.*|s.*"'], ["north", "south"]),
        (["source!=cams", "site!=north"], ["south"]), (["source=cams", "site=north"], []), (["subject=door", "site=south"], ["south"]),
    ],
)  # fmt: skip
def test_only_what_all_matchers_let_through_is_sent_and_counted(matchers, expected):
    make_source("cams")
    make_source("probe")
    raise_alert(at=NOON, source="cams", title="cam")
    raise_alert(at=NOON + MINUTE, title="north", subject="hall", labels={"site": "north"})
    raise_alert(at=NOON + 2 * MINUTE, title="south", subject="door", labels={"site": "south"})

    found = shown(matchers=matchers)

    assert [alert["title"] for alert in found["open"]] == expected
    assert sum(found["counts"].values()) == len(expected)


def test_a_matcher_that_cannot_be_read_shows_nothing_and_says_so():
    make_source()
    raise_alert(at=NOON)

    found = shown(matchers=["nonsense"])

    assert (found["open"], found["whole"]) == ([], False)


def test_the_site_is_the_label_or_else_the_source():
    make_source(name="Probes")
    raise_alert(at=NOON, title="a", subject="a", labels={"house": "North"})
    raise_alert(at=NOON + MINUTE, title="b", subject="b")

    assert [alert["site"] for alert in shown(site_label="house")["open"]] == ["North", "Probes"]
    assert {alert["site"] for alert in shown()["open"]} == {"Probes"}


@pytest.mark.parametrize("matchers", [[], ['subject=~".*"']])
def test_what_is_not_listed_is_counted(matchers):
    make_source()
    for number in range(4):
        raise_alert(at=NOON + number * MINUTE, subject=str(number), severity="critical" if number == 3 else "low")

    found = wall_board.snapshot(Wall(name="Desk", matchers=matchers), at=NOON, most=2)

    assert (found["counts"], [alert["subject"] for alert in found["open"]]) == ({"P1": 1, "P4": 3}, ["3", "0"])


def test_who_has_it_is_named_but_never_by_an_address():
    make_source()
    alert = raise_alert(at=NOON)
    lifecycle.acknowledge(alert, by=User.objects.create_user("ann@example.org"), at=NOON)

    assert [shown(names=names)["open"][0]["taken_by"] for names in (True, False)] == ["ann", ""]


def test_titles_are_in_the_language_of_the_screen():
    make_source()
    alert = raise_alert(at=NOON, title="Backup missing")
    Alert.objects.filter(pk=alert.pk).update(translations={"fr": {"title": "Sauvegarde manquante"}})

    assert [titles(language=language) for language in ("en", "fr")] == [["Backup missing"], ["Sauvegarde manquante"]]


def test_what_is_over_is_not_shown():
    make_source()
    lifecycle.resolve(raise_alert(at=NOON), by=None, at=NOON)

    assert titles() == []
