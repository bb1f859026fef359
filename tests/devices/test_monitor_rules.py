"""The monitor and the rules together: a loud meter calls, a quiet one calls nobody, and a change is followed."""

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from alerts.models import Alert
from devices import readings, rule_config
from devices.models import AlertRule, RuleEvent
from devices.readings import NewReading
from devices.ruling import Ruling
from tests.conftest import SECOND
from tests.devices.watching import Running, add, asked, until
from tests.factories import make_source

pytestmark = pytest.mark.django_db(transaction=True)


@sync_to_async
def rule_for(device, **fields):
    make_source("meters")
    defaults = {"name": "Night", "threshold": 80.0, "sustained_seconds": 0, "cooldown_seconds": 0}
    return AlertRule.objects.create(device=device, **{**defaults, **fields})


@sync_to_async
def edit(rule, **fields):
    for name, value in fields.items():
        setattr(rule, name, value)
    rule_config.save(rule)


def statuses(*wanted):
    return sync_to_async(lambda: tuple(Alert.objects.order_by("number").values_list("status", flat=True)) == wanted)


async def test_a_loud_meter_raises_one_alert_that_ends_by_itself():
    await rule_for(await add())

    async with Running(rules=Ruling()) as running:
        await until(asked(running.line()))
        running.line().level = 91.0
        await until(statuses("PENDING"))
        running.line().level = 60.0
        await until(statuses("RESOLVED"))

    assert await sync_to_async(RuleEvent.objects.filter(closing="cleared", value=91.0).count)() == 1


async def test_an_edited_rule_is_followed_while_the_monitor_runs():
    rule = await rule_for(await add(), threshold=95.0)

    async with Running(rules=Ruling()) as running:
        running.line().level = 91.0
        await until(asked(running.line(), 2))
        assert await statuses()()
        await edit(rule, threshold=90.0)
        await until(statuses("PENDING"))
        await edit(rule, threshold=70.0)
        await until(statuses("RESOLVED", "PENDING"))
        await edit(rule, enabled=False)
        await until(statuses("RESOLVED", "RESOLVED"))


async def test_what_a_dead_monitor_stored_and_did_not_judge_is_judged_by_the_next():
    device = await add(poll_seconds=5.0)
    await rule_for(device, sustained_seconds=1)
    now = timezone.now()
    await sync_to_async(readings.store)([NewReading(device.pk, now - second * SECOND, {"lp": 91.0}) for second in (3, 2, 1)])

    async with Running(rules=Ruling()) as running:
        running.line().hold.clear()  # the meter itself says nothing
        await until(statuses("PENDING"))
