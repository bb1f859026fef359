from datetime import UTC, datetime

import pytest

from jobs import overview


@pytest.mark.parametrize(
    ("now", "began"),
    [
        (datetime(2026, 3, 3, 3, 0, tzinfo=UTC), datetime(2026, 3, 2, 18, 0, tzinfo=UTC)),
        (datetime(2026, 3, 3, 9, 0, tzinfo=UTC), datetime(2026, 3, 2, 18, 0, tzinfo=UTC)),
        (datetime(2026, 3, 3, 23, 59, tzinfo=UTC), datetime(2026, 3, 2, 18, 0, tzinfo=UTC)),
        (datetime(2026, 3, 4, 0, 0, tzinfo=UTC), datetime(2026, 3, 3, 18, 0, tzinfo=UTC)),
    ],
)
def test_the_last_night_is_the_last_one_until_midnight(now, began):
    assert overview.night_of(now) == began
