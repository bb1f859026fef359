"""What will not work as its author meant: findings about routes, policies, sources, what holds back, people and schedules.

It looks at what is stored and changes nothing. Of two findings about one row each stands for itself; none is repeated.
"""

from datetime import datetime

from alerts.linting import holds, people, policies, routes
from alerts.linting.finding import Finding, Level, describe, in_order
from alerts.linting.setup import Setup

__all__ = ["Finding", "Level", "describe", "examine"]


def examine(*, at: datetime) -> list[Finding]:
    """Everything there is to say at ``at``, the worst first. A fixed number of statements, but for the texts of people."""
    setup = Setup.read()
    return in_order([*routes.find(setup), *policies.find(setup), *holds.find(setup, at=at), *people.find(setup, at=at)])
