"""One figure, what it should be, and how figures are shown."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure. ``goal`` is ("<=" or ">=", number), None for a figure that only explains another."""

    bench: str
    what: str
    value: float
    unit: str = ""
    goal: tuple[str, float] | None = None
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without a goal or without a figure."""
        if self.goal is None or math.isnan(self.value):
            return None
        sign, bound = self.goal
        return self.value <= bound if sign == "<=" else self.value >= bound

    def document(self) -> dict[str, object]:
        """The row as JSON."""
        return {"bench": self.bench, "what": self.what, "value": None if math.isnan(self.value) else self.value, "unit": self.unit,
                "goal": list(self.goal) if self.goal else None, "reached": self.reached, "note": self.note}  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` (0..1) of ``values`` do not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def median(values: Sequence[float]) -> float:
    """The median; NaN of none."""
    return statistics.median(values) if values else math.nan


def ratio(ours: float, theirs: float) -> float:
    """``ours`` / ``theirs``; NaN when there is nothing to compare with."""
    return ours / theirs if theirs else math.nan


def table(rows: Sequence[Row]) -> str:
    """The rows for a terminal and for Markdown alike."""
    head = ("bench", "what", "figure", "goal", "reached", "note")
    lines = [(row.bench, row.what, number(row), _goal(row), {True: "yes", False: "NO", None: ""}[row.reached], row.note) for row in rows]
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head) - 1)]
    shown = [head, (*("-" * width for width in widths), "----"), *lines]
    padded = [[*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]] for line in shown]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)


def number(row: Row) -> str:
    """The figure with as many digits as it deserves."""
    if math.isnan(row.value):
        return "not measured"
    digits = 0 if abs(row.value) >= 100 else 1 if abs(row.value) >= 10 else 2 if abs(row.value) >= 0.1 or not row.value else 3
    return f"{row.value:,.{digits}f} {row.unit}".strip()


def _goal(row: Row) -> str:
    return f"{row.goal[0]} {row.goal[1]:,g} {row.unit}".strip() if row.goal else ""
