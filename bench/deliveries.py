"""Messages to five local providers that take 200 ms each, and again while one of them hangs for ten seconds."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from bench.house import House
from bench.rows import Row, ratio
from bench.sink import Sink

if TYPE_CHECKING:
    from notifications.message import Message

NAME = "deliveries"
PROVIDERS = 5
LATE_SECONDS = 0.2
HANG_SECONDS = 10.0
PATIENCE_SECONDS = 120.0


def run(house: House) -> list[Row]:
    """See the module. The first round only opens connections and starts threads."""
    each = 20 if house.quick else 200
    with ExitStack() as stack:
        sinks = [stack.enter_context(Sink(late_seconds=LATE_SECONDS)) for _ in range(PROVIDERS)]
        people = _people([sink.url for sink in sinks], each)
        _round(sinks, people, "warm")
        calm, total, missing = _round(sinks, people, "calm")
        sinks[0].hang(HANG_SECONDS)
        hanging, _, lost = _round(sinks, people, "hang")
        house.empty()
        _forget()
    count = each * PROVIDERS
    kept = ratio(hanging, calm)
    note = f"{calm:.0f}/s before, {hanging:.0f}/s meanwhile"
    return [
        Row(NAME, f"{count} messages by {PROVIDERS} providers of 200 ms", total, "/s", (">=", 100)),
        Row(NAME, f"one hangs for {HANG_SECONDS:g} s: rate that the other four keep", kept * 100, "%", (">=", 90), note),
        Row(NAME, f"messages missing of {2 * count}, the hanging provider's included", missing + lost, "", ("<=", 0)),
    ]


def _people(urls: list[str], each: int) -> list[list[str]]:
    """The ids of ``each`` people for every provider, with a webhook to it."""
    from notifications.models import ContactMethod, Recipient

    found = []
    for number, url in enumerate(urls):
        made = Recipient.objects.bulk_create([Recipient(name=f"Bench {number}-{each}") for each in range(each)])
        for person in made:
            ContactMethod.objects.create(recipient=person, kind="webhook", address=url, secret="whsec_YmVuY2g=", verified=True)
        found.append([str(person.pk) for person in made])
    return found


def _forget() -> None:
    from notifications.models import Destination, Recipient

    Recipient.objects.filter(name__startswith="Bench ").delete()
    Destination.objects.all().delete()


def _round(sinks: list[Sink], people: list[list[str]], name: str) -> tuple[float, float, int]:
    """(messages a second by all but the first provider, by all of them, messages missing) of one message to everybody."""
    for sink in sinks:
        sink.forget()
    began = _tell(people, name)
    wanted = [{f"{name}-{number}-{n}" for n in range(len(ids))} for number, ids in enumerate(people)]
    arrived = [sink.wait(marks, seconds=PATIENCE_SECONDS) for sink, marks in reversed(list(zip(sinks, wanted, strict=True)))][::-1]
    missing = sum(len(marks - found.keys()) for marks, found in zip(wanted, arrived, strict=True))
    return _rate(arrived[1:], began), _rate(arrived, began), missing


def _rate(arrived: list[dict[str, float]], began: float) -> float:
    count, last = sum(len(found) for found in arrived), max((max(found.values(), default=began) for found in arrived), default=began)
    return ratio(count, last - began)


def _tell(people: list[list[str]], name: str) -> float:
    """Queue one message to everybody, provider by provider in turn, in one transaction; returns when it was committed."""
    from django.db import transaction
    from django.utils import timezone

    from notifications import dispatch
    from notifications.message import Order

    at, orders = timezone.now(), []
    for n in range(len(people[0])):
        for number, ids in enumerate(people):
            mark = f"{name}-{number}-{n}"
            orders.append(Order(f"bench:{mark}", f"bench:{mark}", _message(mark), recipients=frozenset({ids[n]})))
    with transaction.atomic():
        dispatch.tell(orders, at=at)
    return time.time()


def _message(mark: str) -> "Message":
    from notifications.message import Message

    alert: Mapping[str, object] = {
        "id": "0193e0a0-0000-7000-8000-000000000001", "number": 1, "status": "PENDING", "priority": "P3", "severity": "medium",
        "source": "bench", "source_name": "Bench", "type": "generic", "title": f"mark:{mark}", "description": "", "subject": "",
        "labels": {}, "links": [], "runbook_url": None, "occurrences": 1, "life_safety": False, "created_at": "2026-03-02T11:55:00.000Z",
        "url": "http://localhost:8000/live/alerts/1",
    }  # fmt: skip
    return Message(reason="first", urgency="normal", priority=3, context={"alert": alert}, step=0)
