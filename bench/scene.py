"""Who reports and who is told while Sentinel is measured. Needs Django set up.

`bench` is a source as a user would get it, grouping included; `bench-life` is one where lives depend, told one by one at
once; the alerts of `bench-later` have their first step DELAY_SECONDS after they were raised. All tell one person by webhook.
"""

from django.contrib.auth.models import User

from alerts.models import EscalationPolicy, PolicyStep, Route, Source
from bench.house import DELAY_SECONDS
from notifications.models import ContactMethod, Recipient, RecipientGroup
from sentinel_site.models import ApiKey

FIRST_STEP = {"bench": 0, "bench-life": 0, "bench-later": DELAY_SECONDS}


def prepare(webhook_url: str) -> str:
    """Make the sources, their policies and the person; returns an API key."""
    person = Recipient.objects.create(name="Robin Vale")
    secret = "whsec_c2VudGluZWwtYmVuY2gtc2VjcmV0LXRoaXJ0eS10d28="
    ContactMethod.objects.create(recipient=person, kind="webhook", address=webhook_url, secret=secret, verified=True)
    group = RecipientGroup.objects.create(slug="bench", name="Bench")
    group.members.add(person)
    for slug, delay in FIRST_STEP.items():
        policy = EscalationPolicy.objects.create(name=slug, last_resort_after_seconds=36_000, expires_after_seconds=80_000)
        for seconds in (delay, 18_000):
            PolicyStep.objects.create(policy=policy, delay_seconds=seconds, label=f"after {seconds} s", kinds=["webhook"]).groups.add(group)
        life = {} if slug == "bench" else {"life_safety": True, "group_attributes": []}
        source = Source.objects.create(slug=slug, name=slug, policy=policy, **life)
        Route.objects.create(position=1, matchers=[f"source={slug}"], source=source, policy=policy)
    return ApiKey.issue(user=User.objects.filter(is_superuser=True).first(), name="bench")[1]
