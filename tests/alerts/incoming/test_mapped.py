"""Any JSON, by the expressions of an operator."""

import json

import pytest

from alerts.incoming import mapped
from alerts.incoming.contract import Action, FormatError
from alerts.incoming.mapped import Mapped
from tests.conftest import NOON

SIMPLE = Mapped("probe", title="text")
ZABBIX = Mapped(
    "probe", title="join(': ', [host, text])", action="state", severity="level", dedup_key="id", type="kind", subject="host",
    description="more", link="url", labels="{host: host, site: tags.site}", words=("5=critical", "ok=resolve", "problem=trigger"),
)  # fmt: skip
EVENT = {
    "host": "db1", "text": "Disk is full", "state": "PROBLEM", "level": 5, "id": 77, "kind": "disk", "more": {"free": 0},
    "url": "https://z.example/77", "tags": {"site": "a"},
}  # fmt: skip


def read(mapping, value):
    return mapped.read(mapping, value, at=NOON)


def test_every_expression_finds_its_part():
    (item,) = read(ZABBIX, EVENT)

    report = item.report
    assert (item.action, report.source, report.title, report.severity) == (Action.TRIGGER, "probe", "db1: Disk is full", "critical")
    assert (report.dedup_key, report.type, report.subject, report.description) == ("77", "disk", "db1", '{"free": 0}')
    assert (report.labels, report.links[0]["href"]) == ({"host": "db1", "site": "a"}, "https://z.example/77")
    assert json.loads(report.raw) == EVENT


def test_a_word_of_theirs_ends_what_another_began():
    (item,) = read(ZABBIX, {**EVENT, "state": "OK", "text": None})

    assert (item.action, item.report.dedup_key) == (Action.RESOLVE, "77")


@pytest.mark.parametrize(("value", "action"), [
    ("resolved", Action.RESOLVE), ("acknowledged", Action.ACKNOWLEDGE), ("test", Action.TEST), ("ignore", Action.IGNORE),
    (None, Action.TRIGGER), ("whatever", Action.TRIGGER), (True, Action.TRIGGER),
])  # fmt: skip
def test_an_action_that_is_not_known_raises_an_alert(value, action):
    (item,) = read(SIMPLE._replace(action="a"), {"text": "x", "a": value})

    assert item.action == action


def test_a_list_is_several_things_that_see_the_whole_message():
    mapping = Mapped("probe", title="name", items="events", subject="_root.site")

    found = read(mapping, {"site": "a", "events": [{"name": "one"}, {"name": "two"}]})

    assert [(item.report.title, item.report.subject) for item in found] == [("one", "a"), ("two", "a")]
    assert [json.loads(item.report.raw) for item in found] == [{"site": "a", "events": [{"name": "one"}, {"name": "two"}]}, {"name": "two"}]


def test_an_empty_list_says_nothing_and_is_kept():
    (item,) = read(SIMPLE._replace(items="events"), {"events": []})

    assert (item.action, item.why) == (Action.IGNORE, mapped.NOTHING)


@pytest.mark.parametrize(("mapping", "value", "said"), [
    (SIMPLE, {"title": "x"}, "title: 'text' finds nothing"), (SIMPLE, [], "title"), (SIMPLE, None, "title"),
    (SIMPLE, {"text": "  "}, "title"),
    (SIMPLE._replace(items="events"), {"text": "x"}, "items: 'events' finds no list"),
    (SIMPLE._replace(items="events"), {"events": [{"text": "x"}, 5]}, "item 1: title"),
    (SIMPLE._replace(labels="text"), {"text": "x"}, "labels: 'text' finds no object"),
    (SIMPLE._replace(severity="max(text)"), {"text": "x"}, "severity"),
    (SIMPLE._replace(items="events"), {"events": [1] * 1001}, "at most 1000"),
])  # fmt: skip
def test_what_cannot_be_mapped_names_the_expression(mapping, value, said):
    with pytest.raises(FormatError, match=said):
        read(mapping, value)


def test_what_is_too_long_or_cannot_be_stored_is_cut_or_replaced():
    (item,) = read(SIMPLE._replace(subject='`"\\u0000"`', labels="l"), {"text": "x" * 5000, "l": {str(n): "y" * 5000 for n in range(100)}})

    report = item.report
    assert (len(report.title), report.subject, len(report.labels), len(report.labels["0"])) == (300, "\ufffd", 64, 1024)


@pytest.mark.parametrize("line", ["critical", "=critical", "5=", "5=huge"])
def test_a_word_without_a_meaning_is_refused(line):
    with pytest.raises(ValueError, match="is not word=meaning"):
        mapped.meanings([line])
