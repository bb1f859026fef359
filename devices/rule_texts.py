"""What the alert of a rule says: understood at three in the morning, on a telephone, by somebody who never saw the rule."""

import re
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from devices import aggregates, rule_rows
from devices.enums import Closing, Comparison
from devices.models import AlertRule, Device, RuleEvent
from devices.rules import Clear, Onset
from sentinel_site.lib import ages, figures
from sentinel_site.lib.instants import instant

UNITS: Final = {"humidity": " %", "temperature": " °C", "battery": " %", "pressure": " hPa", "co2": " ppm"}
NAMES: Final = {
    "lp": _("Sound level"), "leq": "Leq", "le": "LE", "lmax": "Lmax", "lmin": "Lmin", "lpeak": "Lpeak", "lieq": "LIeq",
    "humidity": _("Humidity"), "temperature": _("Temperature"),
}  # fmt: skip
OVER: Final = {"mean": _("Mean {name} over {time}"), "min": _("Lowest {name} over {time}"), "max": _("Highest {name} over {time}")}
TITLES: Final = {
    Comparison.ABOVE: _("%(device)s: %(what)s %(value)s, above %(limit)s"),
    Comparison.BELOW: _("%(device)s: %(what)s %(value)s, below %(limit)s"),
}  # fmt: skip
HELD: Final = {
    Comparison.ABOVE: _("%(what)s is above %(limit)s%(lasting)s, since %(since)s: now %(value)s, highest %(peak)s."),
    Comparison.BELOW: _("%(what)s is below %(limit)s%(lasting)s, since %(since)s: now %(value)s, lowest %(peak)s."),
}
ENDINGS: Final = {
    Closing.WINDOW: _("The hours of the rule “{rule}” ended; it was not back."),
    Closing.EDITED: _("The rule “{rule}” was edited. If the value is still beyond, there is a new alert."),
    Closing.DISABLED: _("The rule “{rule}” was switched off; nobody watches this any more."),
    Closing.DELETED: _("The rule “{rule}” was deleted; nobody watches this any more."),
    Closing.DEVICE: _("{device} is not watched any more: it was switched off, deleted, or is watched only while somebody looks."),
}


def unit(metric: str) -> str:
    """The unit of ``metric``, with a blank before it; "" where it is not known."""
    name = metric.split("_", 1)[1] if metric.startswith("sub") and "_" in metric else metric
    return " dB" if name == "lp" or name.startswith("leq") or name in aggregates.CUMULATIVE else UNITS.get(name, "")


def quantity(metric: str, aggregate: str) -> str:
    """What is judged: ``Sound level``, ``Leq over 5 min``, ``Change of humidity within 1 min``."""
    name = gettext(NAMES[metric]) if metric in NAMES else (metric.upper() if metric.startswith("ln") else metric)
    if not aggregate:
        return name
    kind, _colon, seconds = aggregate.partition(":")
    over = ages.precise(int(seconds)) if seconds.isdigit() else seconds
    if kind == "rate":
        return gettext("Change of {metric} within {time}").format(metric=_lower(name), time=over)
    return gettext(OVER.get(kind, _("{name} over {time}"))).format(name=_lower(name) if kind in OVER else kind.capitalize(), time=over)


def number(value: float, metric: str) -> str:
    """``value`` with its unit: ``87.4 dB``."""
    return f"{figures.number(value, 1)}{unit(metric)}"


def words(device: Device, rule: AlertRule, onset: Onset) -> dict[str, Any]:
    """Title, text and links of its alert, in the language that is switched on."""
    page = links(device, at=onset.at)
    return {"title": title(device, rule, onset), "description": description(device, rule, onset), "links": page}


def title(device: Device, rule: AlertRule, onset: Onset) -> str:
    """One line: where, what, how much, and what would be all right."""
    what = _lower(quantity(rule.metric, rule.aggregate))
    said = {"device": device.name, "what": what, "value": number(onset.value, rule.metric), "limit": _limit(rule)}
    return (gettext(TITLES[Comparison(rule.comparison)]) % said)[:300]


def description(device: Device, rule: AlertRule, onset: Onset) -> str:
    """Place, rule, since when, the worst so far, and whether it will end by itself."""
    seconds = int((onset.at - onset.since).total_seconds())
    said = {
        "what": quantity(rule.metric, rule.aggregate), "limit": _limit(rule), "since": clock(onset.since, device),
        "lasting": " " + gettext("for {time}").format(time=ages.precise(seconds)) if seconds else "",
        "value": number(onset.value, rule.metric), "peak": number(onset.peak, rule.metric),
    }  # fmt: skip
    ends = gettext("Rule “%(rule)s”. The alert ends by itself when the value is back.")
    if not rule.aggregate and aggregates.is_cumulative(rule.metric):
        ends = gettext("Rule “%(rule)s”. The meter accumulates this value: it can only come back when the measurement ends.")
    place = f"{device.name}, {device.place}" if device.place else device.name
    return "\n".join([f"{place}.", gettext(HELD[Comparison(rule.comparison)]) % said, ends % {"rule": rule.name}])


def ending(event: RuleEvent, clear: Clear, device: Device, rule: AlertRule | None) -> str:
    """Why it is over, how long it lasted, and how bad it was."""
    name = rule.name if rule is not None else str(event.rule_document.get("name", ""))
    how_long = ages.precise(max(0, int((clear.at - event.onset_at).total_seconds())))
    worst = gettext("It lasted %(time)s; the worst was %(peak)s.") % {"time": how_long, "peak": number(event.peak, event.metric)}
    if clear.closing != Closing.CLEARED:
        return f"{gettext(ENDINGS[clear.closing]).format(rule=name, device=device.name)} {worst}"
    at = {"since": clock(clear.at, device)}
    if clear.value is None:
        return f"{gettext('The measurement ended: %(since)s.') % at} {worst}"
    return f"{gettext('Back at %(value)s since %(since)s.') % {**at, 'value': number(clear.value, event.metric)}} {worst}"


def links(device: Device, *, at: datetime | None = None) -> list[dict[str, str]]:
    """The device's live page, with its chart around ``at``, or else up to now."""
    page = f"{settings.SENTINEL_BASE_URL}/live/devices/{device.slug}/" + (f"?at={instant(at)}" if at else "")
    return [{"href": page, "text": (gettext("Live values and chart of %(device)s") % {"device": device.name})[:200]}]


def clock(at: datetime, device: Device) -> str:
    """``at`` as clocks at the device show it, with their zone."""
    return f"{at.astimezone(rule_rows.zone(device.time_zone)):%Y-%m-%d %H:%M:%S} ({device.time_zone})"


def labels(device: Device, rule: AlertRule) -> dict[str, str]:
    """What routes may ask about."""
    given: dict[str, Any] = {"device": device.slug, "rule": rule.name, "metric": rule.metric, "place": device.place}
    return {name: str(value)[:1024] for name, value in given.items() if value}


def _limit(rule: AlertRule) -> str:
    return f"{figures.number(rule.threshold)}{unit(rule.metric)}"


def _lower(text: str) -> str:
    """With a small first letter, unless that is an abbreviation's (Leq, L10)."""
    return text if re.match(r"L(?:[A-Z0-9]|eq|max|min|peak)", text) else text[:1].lower() + text[1:]
