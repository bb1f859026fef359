"""How quickly one alert is matched against many silences and routes, by the engine's own code on the house's database."""

import time
from datetime import timedelta

from bench.house import House
from bench.rows import Row, median, percentile

NAME = "noise"
SILENCES = 1000
ROUTES = 200
MARK = "bench-noise"


def run(house: House) -> list[Row]:
    """See the module. What was made for it is removed again."""
    from django.utils import timezone

    from alerts import routing, silencing
    from alerts.models import Route, Silence

    at = timezone.now()
    rounds = 200 if house.quick else 2000
    try:
        Silence.objects.bulk_create(_silences(at))
        Route.objects.bulk_create(Route(position=0, matchers=_matchers(n), continues=True, priority=3) for n in range(ROUTES))
        routing.forget()
        begun = time.perf_counter()
        silencing.in_force(at=at)
        cold = (time.perf_counter() - begun) * 1000
        silenced = [_timed(lambda n=n: silencing.find([_subject(n)], at=at)) for n in range(rounds)]
        table = routing.table()
        routed = [_timed(lambda n=n: _choose(table, n, at)) for n in range(rounds)]
    finally:
        Silence.objects.filter(reason=MARK).delete()
        Route.objects.filter(matchers__0__startswith=f"{MARK}-").delete()
        routing.forget()
    both = [one + other for one, other in zip(silenced, routed, strict=True)]
    what = f"{SILENCES} silences and {ROUTES} routes, half of the silences and all routes by regular expressions"
    return [
        Row(NAME, f"one alert against {what}", median(both), "ms", ("<=", 1), f"p99 {percentile(both, 0.99):.2f} ms; each alert another"),
        Row(NAME, "of it the silences, with the question whether they changed", median(silenced), "ms"),
        Row(NAME, f"reading {SILENCES} silences after a change", cold, "ms", note="once in each process"),
    ]


def _matchers(number: int) -> list[str]:
    return [f"{MARK}-host=~web{number}-[a-z0-9.]+", "severity!=info"]


def _silences(at):
    from alerts.models import Silence

    for number in range(SILENCES):
        first = f'subject="db{number}"' if number % 2 else f"subject=~db{number}-[a-z0-9.]+"
        matchers = [first, "severity=~high|medium"]
        yield Silence(matchers=matchers, reason=MARK, starts_at=at - timedelta(hours=1), ends_at=at + timedelta(hours=1))


def _subject(number: int):
    from alerts.models import Alert
    from alerts.subjects import Subject
    from sentinel_site.lib.ids import uuid7

    labels = {"source": "generic", "type": "disk", "severity": "high", "subject": f"db{number % SILENCES}-x{number}", "site": "a"}
    return Subject(Alert(pk=uuid7(), priority=2), labels)


def _choose(table, number: int, at):
    labels = {"source": "generic", "type": "disk", "severity": "high", "subject": f"db{number}", f"{MARK}-host": f"web{number}-a"}
    return table.choose(table.sources["generic"], labels, "high", at=at)


def _timed(call) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000
