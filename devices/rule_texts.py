"""What the alert of a rule says: understood at three in the morning, on a telephone, by somebody who never saw the rule."""

from datetime import datetime
from typing import Any, Final

from django.conf import settings

from devices import aggregates, rule_rows
from devices.enums import Closing, Comparison
from devices.models import AlertRule, Device, RuleEvent
from devices.rules import Clear, Onset
from sentinel_site.lib.instants import instant
from sentinel_site.lib.spans import exact

UNITS: Final = {"humidity": " %", "temperature": " °C", "battery": " %", "pressure": " hPa", "co2": " ppm"}
NAMES: Final = {
    "lp": "Sound level", "leq": "Leq", "le": "LE", "lmax": "Lmax", "lmin": "Lmin", "lpeak": "Lpeak", "lieq": "LIeq",
    "humidity": "Humidity", "temperature": "Temperature",
}  # fmt: skip
ENDINGS: Final = {
    Closing.WINDOW: "The hours of the rule “{rule}” ended; it was not back.",
    Closing.EDITED: "The rule “{rule}” was edited. If the value is still beyond, there is a new alert.",
    Closing.DISABLED: "The rule “{rule}” was switched off; nobody watches this any more.",
    Closing.DELETED: "The rule “{rule}” was deleted; nobody watches this any more.",
    Closing.DEVICE: "{device} is not watched any more: it was switched off, deleted, or is watched only while somebody looks.",
}


def unit(metric: str) -> str:
    """The unit of ``metric``, with a blank before it; "" where it is not known."""
    name = metric.split("_", 1)[1] if metric.startswith("sub") and "_" in metric else metric
    return " dB" if name == "lp" or name.startswith("leq") or name in aggregates.CUMULATIVE else UNITS.get(name, "")


def quantity(metric: str, aggregate: str) -> str:
    """What is judged: ``Sound level``, ``Leq over 5 min``, ``Change of humidity within 1 min``."""
    name = NAMES.get(metric) or (metric.upper() if metric.startswith("ln") else metric)
    if not aggregate:
        return name
    kind, _, seconds = aggregate.partition(":")
    over = exact(int(seconds)) if seconds.isdigit() else seconds
    if kind == "rate":
        return f"Change of {name.lower()} within {over}"
    if kind in {"mean", "min", "max"}:
        return f"{ {'mean': 'Mean', 'min': 'Lowest', 'max': 'Highest'}[kind] } {name.lower()} over {over}"
    return f"{kind.capitalize()} over {over}"


def number(value: float, metric: str) -> str:
    """``value`` with its unit: ``87.4 dB``."""
    return f"{value:.1f}{unit(metric)}"


def title(device: Device, rule: AlertRule, onset: Onset) -> str:
    """One line: where, what, how much, and what would be all right."""
    side = "above" if rule.comparison == Comparison.ABOVE else "below"
    what = quantity(rule.metric, rule.aggregate)
    limit = f"{rule.threshold:g}{unit(rule.metric)}"
    return f"{device.name}: {_lower(what)} {number(onset.value, rule.metric)}, {side} {limit}"[:300]


def description(device: Device, rule: AlertRule, onset: Onset) -> str:
    """Place, rule, since when, the worst so far, and whether it will end by itself."""
    side = "above" if rule.comparison == Comparison.ABOVE else "below"
    place = f"{device.name}, {device.place}" if device.place else device.name
    limit = f"{rule.threshold:g}{unit(rule.metric)}"
    lasting = f" for {exact(int((onset.at - onset.since).total_seconds()))}" if onset.at > onset.since else ""
    lines = [
        f"{place}.",
        f"{quantity(rule.metric, rule.aggregate)} is {side} {limit}{lasting}, since {clock(onset.since, device)}: "
        f"now {number(onset.value, rule.metric)}, {_worst(rule)} {number(onset.peak, rule.metric)}.",
        f"Rule “{rule.name}”. The alert ends by itself when the value is back.",
    ]
    if not rule.aggregate and aggregates.is_cumulative(rule.metric):
        lines[-1] = f"Rule “{rule.name}”. The meter accumulates this value: it can only come back when the measurement ends."
    return "\n".join(lines)


def ending(event: RuleEvent, clear: Clear, device: Device, rule: AlertRule | None) -> str:
    """Why it is over, how long it lasted, and how bad it was."""
    name = rule.name if rule is not None else str(event.rule_document.get("name", ""))
    how_long = exact(max(0, int((clear.at - event.onset_at).total_seconds())))
    worst = f"It lasted {how_long}; the worst was {number(event.peak, event.metric)}."
    if clear.closing == Closing.CLEARED:
        back = "the measurement ended" if clear.value is None else f"back at {number(clear.value, event.metric)}"
        return f"{back[0].upper()}{back[1:]} since {clock(clear.at, device)}. {worst}"
    return f"{ENDINGS[clear.closing].format(rule=name, device=device.name)} {worst}"


def links(device: Device, *, at: datetime | None = None) -> list[dict[str, str]]:
    """The device's live page, with its chart around ``at``, or else up to now."""
    page = f"{settings.SENTINEL_BASE_URL}/live/devices/{device.slug}/" + (f"?at={instant(at)}" if at else "")
    return [{"href": page, "text": f"Live values and chart of {device.name}"[:200]}]


def clock(at: datetime, device: Device) -> str:
    """``at`` as clocks at the device show it, with their zone."""
    return f"{at.astimezone(rule_rows.zone(device.time_zone)):%Y-%m-%d %H:%M:%S} ({device.time_zone})"


def labels(device: Device, rule: AlertRule) -> dict[str, str]:
    """What routes may ask about."""
    given: dict[str, Any] = {"device": device.slug, "rule": rule.name, "metric": rule.metric, "place": device.place}
    return {name: str(value)[:1024] for name, value in given.items() if value}


def _worst(rule: AlertRule) -> str:
    return "highest" if rule.comparison == Comparison.ABOVE else "lowest"


def _lower(text: str) -> str:
    """With a small first letter, unless that is an abbreviation's (Leq, L10)."""
    return text if text[:1] == "L" and not text.startswith("Lowest") else text[:1].lower() + text[1:]
