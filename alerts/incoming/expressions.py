"""JMESPath expressions that operators write, evaluated within bounds: an expression has no way to take all the time or memory.

JMESPath has no loops, but `[@, @] | [@, @] | …` doubles what it is given at each step. Every step costs, and what is big costs more.
"""

import json
import math
from functools import lru_cache
from typing import Any, Final

import jmespath
from django.utils.translation import gettext as _
from jmespath import visitor
from jmespath.exceptions import JMESPathError

MAX_LENGTH: Final = 1000
MAX_STEPS: Final = 200_000
"""Some tenths of a second."""
MAX_VALUES: Final = 100_000
"""So many values may be in a result, each counted as often as it is reached, and once more for every 100 characters."""
_TEXT_STEP: Final = 100
_VALUES_STEP: Final = 64


class ExpressionError(ValueError):
    """An expression cannot be read, or takes too much; the text says what to do."""


def check(expression: str) -> None:
    """Raise ExpressionError when ``expression`` cannot be used."""
    _parsed(expression)


class Budget:
    """What all expressions of one message may cost together."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.steps = steps

    def spend(self, steps: int) -> None:
        """Raise ExpressionError when nothing is left."""
        self.steps -= steps
        if self.steps < 0:
            raise ExpressionError(_("takes too long on this message; write a simpler expression, or have less sent at once"))


def search(expression: str, value: Any, budget: Budget) -> Any:
    """What ``expression`` finds in ``value`` (JSON values). Raises ExpressionError."""
    try:
        found = _Bounded(budget).visit(_parsed(expression), value)
    except JMESPathError as error:
        raise ExpressionError(_first_line(error)) from None
    except (RecursionError, TypeError, ValueError, ArithmeticError, AttributeError, KeyError) as error:
        if isinstance(error, ExpressionError):
            raise
        raise ExpressionError(_("cannot be worked out on this message (%(error)s)") % {"error": type(error).__name__}) from None
    if not isinstance(found, str | int | float | list | dict | None):
        raise ExpressionError(_("finds an expression and no value; & belongs into a function such as sort_by(items, &name)"))
    return found


def text(expression: str, value: Any, budget: Budget) -> str:
    """What ``expression`` finds, as text; a structure is paid for once more, as JSON. Raises ExpressionError."""
    said = as_text(search(expression, value, budget))
    budget.spend(len(said) // _TEXT_STEP)
    return said


class _Bounded(visitor.TreeInterpreter):  # type: ignore[misc]
    """JMESPath's own interpreter, which pays for each step."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._budget = budget
        self._sizes: dict[int, tuple[Any, int]] = {}

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        self._budget.spend(1)
        found = super().visit(node, *args, **kwargs)
        if isinstance(found, str):
            self._budget.spend(len(found) // _TEXT_STEP)
        elif isinstance(found, list | dict):
            values = self._size(found)
            if values > MAX_VALUES:
                raise ExpressionError(
                    _("finds more than %(n)s values; write a simpler expression, or have less sent at once") % {"n": MAX_VALUES}
                )
            self._budget.spend(values // _VALUES_STEP)
        return found

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        """A function. What `join` would make is paid for before it is made: a long text between many is more than there is memory."""
        given = [self.visit(child, value) for child in node["children"]]
        if node["value"] == "join" and len(given) == 2 and isinstance(given[0], str) and isinstance(given[1], list):
            self._budget.spend(len(given[0]) * len(given[1]) // _TEXT_STEP)
        return self._functions.call_function(node["value"], given)

    def _size(self, value: Any) -> int:
        """How many values are in it, long texts as several. What was counted once is known, and kept, so that its id stays its own."""
        if isinstance(value, str):
            return 1 + len(value) // _TEXT_STEP
        if not isinstance(value, list | dict):
            return 1
        known = self._sizes.get(id(value))
        if known is None:
            names, parts = (value, value.values()) if isinstance(value, dict) else ((), value)
            counted = 1 + sum(map(self._size, parts)) + sum(len(name) // _TEXT_STEP for name in names)
            known = self._sizes[id(value)] = (value, counted)
        return known[1]


@lru_cache(maxsize=512)
def _parsed(expression: str) -> Any:
    if len(expression) > MAX_LENGTH:
        raise ExpressionError(_("is longer than %(n)s characters") % {"n": MAX_LENGTH})
    try:
        return jmespath.compile(expression).parsed
    except JMESPathError as error:
        raise ExpressionError(_("is not a JMESPath expression: %(error)s") % {"error": _first_line(error)}) from None
    except (RecursionError, ValueError, TypeError, AttributeError, KeyError, IndexError):
        raise ExpressionError(_("is not a JMESPath expression")) from None


def as_text(value: Any) -> str:
    """A found value as text: structures as JSON, null as nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
