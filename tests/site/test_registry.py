"""Work that apps declare to be run as jobs."""

import pytest

from sentinel_site.lib import registry
from sentinel_site.lib.registry import ArgumentsError, UnknownCallableError


@registry.job("tests.copy", title="Copy", every="5 2 * * *", timeout=60)
def copy(*, path: str, times: int = 1, rate: float = 1.0, dry: bool = False):
    """Copy what is there.

    As often as asked.
    """
    registry.progress(path, times, 3)
    return {"copied": times, "rate": rate, "dry": dry}


def test_what_is_declared_is_found_with_its_words():
    found = registry.get("tests.copy")

    assert (found.title, found.every, found.timeout, found.description) == (
        "Copy",
        "5 2 * * *",
        60,
        "Copy what is there.\n\nAs often as asked.",
    )
    assert [(each.type, each.required) for each in found.parameters.values()] == [(str, True), (int, False), (float, False), (bool, False)]


def test_a_name_that_nobody_declared_lists_those_that_are():
    with pytest.raises(UnknownCallableError, match=r"tests\.copy"):
        registry.get("tests.nothing")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "needs path"),
        ({"path": 1}, "path must be str"),
        ({"path": "x", "times": True}, "times must be int"),
        ({"path": "x", "times": 1.5}, "times must be int"),
        ({"path": "x", "dry": 1}, "dry must be bool"),
        ({"path": "x", "others": 1}, "no parameter others"),
        ({"path": None}, "path must be str"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_with_a_reason(arguments, said):
    with pytest.raises(ArgumentsError, match=said):
        registry.check(registry.get("tests.copy"), arguments)


def test_a_whole_number_is_taken_for_a_float():
    assert registry.check(registry.get("tests.copy"), {"path": "x", "rate": 2}) == {"path": "x", "rate": 2.0}


def test_progress_is_told_to_who_asked_for_it():
    told = []
    registry.reporting_to(lambda *what: told.append(what))
    try:
        copy(path="x", times=2)
    finally:
        registry.reporting_to(None)
    copy(path="y")

    assert told == [("x", 2, 3)]


def test_two_jobs_cannot_share_a_name():
    with pytest.raises(ValueError, match=r"two jobs are called tests\.copy"):
        registry.job("tests.copy", title="Other")(lambda: {})


def test_a_parameter_that_cannot_be_stored_is_refused_when_it_is_declared():
    def work(*, when: list):
        return {"when": when}

    with pytest.raises(TypeError, match="parameter when"):
        registry.job("tests.list", title="List")(work)
