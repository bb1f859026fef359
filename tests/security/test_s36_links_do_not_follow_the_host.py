"""S36: links come from the configured address, whatever Host a request names."""

import pytest

from tests.callers import REPORTER, make_caller
from tests.factories import make_source

pytestmark = pytest.mark.django_db


def test_a_forged_host_changes_no_link():
    make_source()

    answer = make_caller(*REPORTER).send("/alerts", {"source": "probe", "title": "x"}, **{"X-Forwarded-Host": "evil.example"})

    assert answer.json()["url"].startswith("http://localhost:8000/live/alerts/")


def test_an_unknown_host_is_refused():
    answer = make_caller(*REPORTER).send("/alerts", {"source": "probe", "title": "x"}, Host="evil.example")

    assert answer.status_code == 400
    assert b"evil" not in answer.content
