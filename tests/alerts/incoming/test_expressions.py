"""Expressions of operators: JMESPath, within bounds."""

import pytest

from alerts.incoming import expressions
from alerts.incoming.expressions import Budget, ExpressionError

BODY = {"host": {"name": "db1"}, "items": [{"n": 1}, {"n": 2}], "level": 5.0, "ok": True}
DOUBLED = " | ".join(["[@, @]"] * 100)
SOME = " | ".join(["[@, @]"] * 40)
FLAT = "items" + " | [@, @][]" * 80


def search(expression, value=None, **budget):
    return expressions.search(expression, BODY if value is None else value, Budget(**budget))


@pytest.mark.parametrize(("expression", "found"), [
    ("host.name", "db1"), ("items[?n > `1`].n | [0]", 2), ("join('-', ['a', host.name])", "a-db1"), ("{a: ok}", {"a": True}),
    ("gone", None),
    ("sort_by(items, &n)[-1].n", 2), ("length(items)", 2), ("level == `5`", True),
])  # fmt: skip
def test_an_expression_finds_what_jmespath_says(expression, found):
    assert search(expression) == found


@pytest.mark.parametrize("expression", [
    "", "a b", "a[", "foo(", "(" * 900, "!" * 999, "[" * 999, "a" * 1001, "&a", "nothing(@)", "@" * 500,
])  # fmt: skip
def test_what_is_no_expression_is_refused_in_words(expression):
    with pytest.raises(ExpressionError):
        search(expression)


@pytest.mark.parametrize("expression", [
    DOUBLED, FLAT, f"{SOME} | to_string(@)", f"({SOME}) == ({SOME})", "host.name" + " | join('', [@, @])" * 50,
])  # fmt: skip
def test_an_expression_that_grows_without_end_is_stopped(expression):
    with pytest.raises(ExpressionError):
        expressions.search(expression, BODY, Budget())


@pytest.mark.parametrize("expression", [
    "join(text, many)", "text" + " | [@, @]" * 14 + " | to_string(@)", "named" + " | [@, @]" * 14 + " | to_string(@)",
])  # fmt: skip
def test_long_texts_many_times_over_are_stopped_before_they_are_made(expression):
    body = {"text": "x" * 500_000, "many": [""] * 90_000, "named": {"x" * 500_000: 1}}

    with pytest.raises(ExpressionError):
        expressions.search(expression, body, Budget())


def test_a_structure_as_text_is_paid_for_as_often_as_it_is_written():
    with pytest.raises(ExpressionError, match="takes too long"):
        expressions.text("@", ["x" * 99] * 300, Budget(steps=100))


def test_what_all_expressions_of_a_message_cost_is_bounded_together():
    budget = Budget(steps=6)
    search = expressions.search
    assert search("items[*].n", BODY, budget) == [1, 2]

    with pytest.raises(ExpressionError, match="takes too long"):
        search("items[*].n", BODY, budget)


def test_a_function_that_does_not_fit_the_message_is_an_error_in_words():
    with pytest.raises(ExpressionError, match="join"):
        search("join('-', level)")


@pytest.mark.parametrize(("value", "text"), [
    (True, "true"), (5.0, "5"), (0.5, "0.5"), (None, ""), ("a", "a"), ({"a": [1]}, '{"a": [1]}'), (float("inf"), "inf"),
])  # fmt: skip
def test_what_was_found_as_text(value, text):
    assert expressions.as_text(value) == text
