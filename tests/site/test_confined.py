"""Programs of their own for files of strangers: few at once, bounded, and without anything left behind."""

import threading
from pathlib import Path

import pytest

from sentinel_site.lib import confined
from sentinel_site.lib.confined import Unanswered


def told(statement, **how):
    """What a program that runs ``statement`` once answers."""
    return confined.run("timeit", "-n", "1", "-r", "1", statement, given=b"", **{"seconds": 60, **how})


def test_a_program_that_takes_too_long_has_no_answer():
    with pytest.raises(Unanswered) as caught:
        told("import time; time.sleep(300)", seconds=1)

    assert str(caught.value) == ""


def test_what_a_program_wrote_goes_with_it():
    place = told("import os; print(os.environ['TMPDIR']); open(os.environ['TMPDIR'] + '/cells', 'w').close()").decode().splitlines()[0]

    assert Path(place).name.startswith("sentinel-")
    assert not Path(place).exists()


def test_a_program_sees_none_of_our_settings(monkeypatch):
    monkeypatch.setenv("SENTINEL_SECRET_KEY", "not for others")

    assert b"SENTINEL_SECRET_KEY" not in told("import os; print(dict(os.environ))")


def test_no_more_run_at_once_than_the_machine_carries():
    long = [threading.Thread(target=_waits) for _ in range(confined.AT_ONCE)]
    for each in long:
        each.start()
    refused = []
    while not refused and any(each.is_alive() for each in long):
        try:
            told("pass", wait_seconds=0)
        except Unanswered as error:
            refused.append(str(error))
    for each in long:
        each.join()

    assert refused == ["Too many files are being read or written. Try again in a moment."]
    assert b"1 loop" in told("pass")


def _waits():
    with pytest.raises(Unanswered):
        told("import time; time.sleep(300)", seconds=5)
