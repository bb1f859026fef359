"""What of messages is counted anew."""

from datetime import timedelta

import pytest

from notifications import rollups
from notifications.models import MessageRollupProgress
from tests.conftest import HOUR, MINUTE, NOON

DAY = timedelta(days=1)


@pytest.mark.parametrize(("pause", "quarters", "lost"), [(MINUTE, 8, False), (HOUR, 288, False), (2 * DAY, 288, False), (4 * DAY, 0, True)])
def test_what_was_sent_while_the_worker_was_away_is_counted(pause, quarters, lost):
    progress = MessageRollupProgress(name="deliveries", looked_back_at=NOON - pause)

    found = rollups.changed(progress, NOON)

    assert (len(found.instants), found.lost) == (quarters, lost)
