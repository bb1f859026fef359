"""`python -m tests.faults.seed`: reads people, sources and devices from standard input, makes them, prints an API key."""

import json
import sys
from typing import Any

import django

django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402

from alerts.models import EscalationPolicy, PolicyStep, Route, Source  # noqa: E402
from devices.models import Device  # noqa: E402
from notifications.models import ContactMethod, Recipient  # noqa: E402
from sentinel_site.models import ApiKey  # noqa: E402


def person(name: str, addresses: list[str]) -> Recipient:
    """A recipient with a contact method for each address, in this order."""
    made, _ = Recipient.objects.get_or_create(name=name)
    for order, address in enumerate(addresses, 1):
        kind = "webhook" if address.startswith("http") else "email"
        secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" if kind == "webhook" else ""
        ContactMethod.objects.create(recipient=made, kind=kind, address=address, secret=secret, order=order, verified=True)
    return made


def source(slug: str, *, people: list[str], delays: list[int], kinds: list[str], policy: dict[str, Any], fields: dict[str, Any]) -> None:
    """A source whose alerts go by a policy of its own."""
    its = EscalationPolicy.objects.create(name=slug, **{"min_gap_seconds": 1, **policy})
    for delay in delays:
        step = PolicyStep.objects.create(policy=its, delay_seconds=delay, label=f"after {delay} s", kinds=kinds)
        step.recipients.set(Recipient.objects.filter(name__in=people))
    Source.objects.create(slug=slug, name=slug, **{"group_attributes": [], "severity": "high", **fields})
    Route.objects.create(position=1, matchers=[f"source={slug}"], policy=its)


def main() -> None:
    """Make everything that is asked for."""
    asked = json.load(sys.stdin)
    for name, addresses in asked.get("people", {}).items():
        person(name, addresses)
    for slug, spec in asked.get("sources", {}).items():
        source(slug, **{"delays": [0], "kinds": [], "policy": {}, "fields": {}, **spec})
    for slug, fields in asked.get("devices", {}).items():
        Device.objects.update_or_create(slug=slug, defaults={"name": slug, "poll_seconds": 1.0, **fields})
    user, made = User.objects.get_or_create(username="operator")
    if made:
        user.groups.set(Group.objects.filter(name="Operator"))
    json.dump({"key": ApiKey.issue(user=user, name="fault tests")[1]}, sys.stdout)


if __name__ == "__main__":
    main()
