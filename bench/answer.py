"""Raise and acknowledge one alert after the other, while few and while many are open."""

import http.client
import json
import time

from bench import seed_alerts
from bench.house import House
from bench.intake import body
from bench.rows import Row, median, ratio

NAME = "answer"
FEW, MANY = 100, 10_000


def run(house: House) -> list[Row]:
    """Rounds with few and with many take turns, so that both meet the same neighbours."""
    rounds, pairs = (3, 80) if house.quick else (7, 200)
    spent: dict[int, list[float]] = {FEW: [], MANY: []}
    used: dict[int, list[float]] = {FEW: [], MANY: []}
    for number in range(rounds + 1):
        for count in (FEW, MANY):
            house.empty()
            seed_alerts.seed(count, open_rows=count, due_in_days=1)
            before = house.cpu()
            found = [_pair(house, connection, f"{number}-{n}") for connection in [_connect(house)] for n in range(pairs)]
            house.settle()
            after = house.cpu()
            if number:
                spent[count].append(median(found))
                used[count].append(sum(after[role] - before[role] for role in ("web", "postgres", "watchdog")) * 1000 / pairs)
    house.empty()
    note = f"median {median(spent[FEW]):.1f} and {median(spent[MANY]):.1f} ms a pair, one after the other"
    cpu = f"{median(used[FEW]):.1f} and {median(used[MANY]):.1f} ms (web, PostgreSQL, watchdog)"
    return [
        Row(NAME, f"create + acknowledge, {MANY:,} open against {FEW}", _median_ratio(spent), "x", ("<=", 1.2), note),
        Row(NAME, "the same: CPU", _median_ratio(used), "x", ("<=", 1.2), cpu),
    ]


def _median_ratio(values: dict[int, list[float]]) -> float:
    return median([ratio(many, few) for many, few in zip(values[MANY], values[FEW], strict=True)])


def _connect(house: House) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)


def _pair(house: House, connection: http.client.HTTPConnection, name: str) -> float:
    """Milliseconds to raise one and to acknowledge it. Raises RuntimeError for any other answer than 2xx."""
    begun = time.perf_counter()
    alert = _send(house, connection, "/api/v1/alerts", body(name))
    _send(house, connection, f"/api/v1/alerts/{alert['id']}/acknowledge", {})
    return (time.perf_counter() - begun) * 1000


def _send(house: House, connection: http.client.HTTPConnection, path: str, content: object) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {house.key}", "Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(content), headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status not in (200, 201):
        raise RuntimeError(f"{path} was answered {answer.status}: {text[:200]!r}")
    found: dict[str, object] = json.loads(text)
    return found
