"""The sweep that proves that a P1 reaches somebody: 14 days of 20 schedules, each with a policy of its own."""

import time
from datetime import date, timedelta

from bench.house import House
from bench.rows import Row, median

NAME = "reach"
SCHEDULES = 20
PEOPLE = 60


def run(house: House) -> list[Row]:
    """Against the running house's database. What was made for it is removed again."""
    from django.utils import timezone

    from alerts import reachability, routing

    made = _prepare()
    try:
        routing.forget()
        since, spent, gaps = timezone.now(), [], 0
        for _ in range(3 if house.quick else 10):
            begun = time.perf_counter()
            gaps = len(reachability.gaps(since=since, until=since + timedelta(days=reachability.DAYS)))
            spent.append(time.perf_counter() - begun)
    finally:
        for row in reversed(made):
            row.delete()
    what = f"reachability of {reachability.DAYS} days, {SCHEDULES} schedules of 3 layers that change every hour"
    return [Row(NAME, what, median(spent), "s", ("<=", 10), f"{PEOPLE} people, a third of them without a working method; {gaps} gaps")]


def _prepare():
    """Schedules, people and policies; every third person cannot be told."""
    from alerts.models import EscalationPolicy, PolicyStep, Source
    from notifications.models import ContactMethod, OnCallSchedule, Recipient, Rotation, RotationMember

    people = [Recipient.objects.create(name=f"Bench {number}") for number in range(PEOPLE)]
    for number, person in enumerate(people):
        address = f"bench{number}@example.org"
        ContactMethod.objects.create(recipient=person, kind="email", address=address, verified=number % 3 != 0, order=1)
    made: list = list(people)
    for number in range(SCHEDULES):
        schedule = OnCallSchedule.objects.create(name=f"Bench {number}", time_zone="Europe/Paris")
        for layer in range(3):
            rotation = Rotation.objects.create(
                schedule=schedule, position=layer, name=f"layer {layer}", kind="hourly", starts_on=date(2026, 1, 5)
            )
            for place in range(4):
                member = people[(number * 3 + layer + place) % PEOPLE]
                RotationMember.objects.create(rotation=rotation, position=place, recipient=member)
        policy = EscalationPolicy.objects.create(name=f"Bench reach {number}")
        for delay in (0, 300, 900):
            PolicyStep.objects.create(policy=policy, delay_seconds=delay).schedules.add(schedule)
        made += [schedule, policy, Source.objects.create(slug=f"bench-reach-{number}", name=f"Bench {number}", policy=policy)]
    return made
