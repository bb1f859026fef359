"""What `alerts` offers as work."""

import pytest

from alerts import job_callables
from tests.conftest import NOON
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db


def test_retention_says_what_was_deleted(settings):
    settings.SENTINEL_KEEP_REPORTS_DAYS = 1
    make_source()
    raise_alert(at=NOON)

    outcome = job_callables.forget()

    assert (outcome.stats["reports"], outcome.warning) == (1, False)


def test_retention_that_failed_in_part_is_a_warning(settings):
    settings.SENTINEL_KEEP_REPORTS_DAYS = 10**9  # beyond the calendar

    outcome = job_callables.forget()

    assert (outcome.stats["failed"], outcome.warning) == (1, True)


def test_reachability_says_how_many_policies_have_a_gap():
    assert job_callables.reachability() == {"policies_with_a_gap": 0}
