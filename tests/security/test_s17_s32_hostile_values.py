"""S17, S32, S43: hostile values in every place a sender can reach are stored as text or refused, and never break anything."""

import pytest

from alerts.models import Alert
from tests.callers import REPORTER, RESPONDER, make_caller
from tests.conftest import NOON
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db
HOSTILE = [
    "'; DROP TABLE alerts_alert; --",
    "' OR '1'='1",
    "\\",
    "%",
    "_",
    "\u202e",
    "<script>",
    "{0.__class__}",
    "$(id)",
    "😀" * 50,
    "\n\r\t",
]


@pytest.fixture
def caller():
    make_source()
    return make_caller(*REPORTER, *RESPONDER)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_text_is_only_a_text(caller, value):
    report = {
        "source": "probe",
        "title": f"x{value}",
        "type": value[:80],
        "subject": value[:200],
        "labels": {value[:128]: value},
        value: value,
    }

    made = caller.send("/alerts", report)
    found = caller.read("/alerts", q=value, type=value[:80], subject=value[:200], label=f"a={value}", source=value[:60], cursor="")

    assert (made.status_code, found.status_code) == (201, 200)
    assert caller.read("/alerts").json()["items"][0]["labels"] == {value[:128]: value}


@pytest.mark.parametrize("name", ["order_by", "id__in", "source__name", "status__in", "policy__document__x", "_connector"])
def test_a_filter_nobody_documented_has_no_effect(caller, name):
    raise_alert(at=NOON)

    assert len(caller.read("/alerts", **{name: "x"}).json()["items"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"source": "probe", "title": "x", "payload": ' + b'{"a":' * 17 + b"1" + b"}" * 18,
        b'{"source": "probe", "title": "x", "n": 1' + b"0" * 5000 + b"}",
        b'{"source": "probe", "title": "x", "labels": {"a": "' + b"x" * 1025 + b'"}}',
        b'{"source": "probe", "title": "x", "labels": {"' + b"a" * 129 + b'": ""}}',
        b'{"source": "probe", "title": "x", "labels": {"a": ["b"]}}',
        b'{"source": "probe", "title": "x", "labels": ["a"]}',
        b'{"source": "probe", "title": "x", "occurred_at": "0001-06-01T00:00:00Z"}',
        b'{"source": "probe", "title": "x", "occurred_at": "9999-12-31T23:59:59-12:00"}',
    ],
)
def test_what_would_not_fit_is_refused(caller, body):
    answer = caller.send("/alerts", body)

    assert answer.status_code == 422
    assert Alert.objects.count() == 0


def test_of_names_given_twice_the_last_one_counts(caller):
    answer = caller.send("/alerts", b'{"source": "ghost", "source": "probe", "title": "x"}')

    assert (answer.status_code, answer.json()["source"]) == (201, "probe")


def test_go_programs_that_set_no_time_are_understood(caller):
    assert caller.send("/alerts", {"source": "probe", "title": "x", "occurred_at": "0001-01-01T00:00:00Z"}).status_code == 201
