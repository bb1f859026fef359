"""What the pages of devices say, in the reader's language."""

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from devices.enums import Closing, Comparison, NoteKind
from devices.models import AlertRule
from sentinel_site.lib import figures

WEEKDAYS = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
UNITS = {"humidity": "%", "temperature": "°C", "battery": "%"}
NAMES = {"humidity": _("Humidity"), "temperature": _("Temperature"), "battery": _("Battery")}
LEVELS = {"lp": "Lp", "leq": "Leq", "le": "LE", "lmax": "Lmax", "lmin": "Lmin", "lpeak": "Lpeak", "lieq": "LIeq"}
CLOSINGS = {
    Closing.CLEARED: _("the value came back"), Closing.WINDOW: _("the rule's hours ended"), Closing.EDITED: _("the rule was edited"),
    Closing.DISABLED: _("the rule was switched off"), Closing.DELETED: _("the rule was deleted"),
    Closing.DEVICE: _("the device was switched off or deleted"),
}  # fmt: skip
FINDINGS = {
    NoteKind.COVER: _("Cover"), NoteKind.SUPPLY: _("Supply"), NoteKind.TANK: _("Tank"), NoteKind.ENVIRONMENT: _("Environment"),
}  # fmt: skip


def of_metric(metric: str) -> str:
    """Its name: ``lp`` is Lp, ``ln1`` is LN1, ``humidity`` is Humidity; an unknown one speaks for itself."""
    if metric in NAMES:
        return gettext(NAMES[metric])
    return LEVELS.get(metric) or (metric.upper() if metric.startswith("ln") else metric)


def unit_of(metric: str) -> str:
    """Its unit: dB for every level."""
    known = metric in LEVELS or metric.startswith(("ln", "sub", "lt", "leq"))
    return UNITS.get(metric) or ("dB" if known else "")


def of_rule(rule: AlertRule) -> str:
    """When a rule raises its alert: ``Leq over 5 min above 65 dB for 2 s, 22:00–07:00, Mon Tue``."""
    unit = "" if rule.aggregate.startswith("rate:") else unit_of(rule.metric)
    side = gettext("above") if rule.comparison == Comparison.ABOVE else gettext("below")
    parts = [f"{_quantity(rule)} {side} {figures.number(rule.threshold)} {unit}".strip()]
    if rule.sustained_seconds:
        parts[0] += " " + gettext("for {time}").format(time=length(rule.sustained_seconds))
    if rule.window_from and rule.window_until:
        parts.append(f"{rule.window_from:%H:%M}–{rule.window_until:%H:%M}")
    if rule.weekdays:
        parts.append(" ".join(gettext(WEEKDAYS[day]) for day in sorted(set(rule.weekdays)) if day < len(WEEKDAYS)))
    return ", ".join(parts)


def _quantity(rule: AlertRule) -> str:
    kind, _colon, seconds = rule.aggregate.partition(":")
    time = length(int(seconds)) if seconds.isdigit() else seconds
    if not kind:
        return of_metric(rule.metric)
    if kind == "rate":
        return gettext("change of {metric} within {time}").format(metric=of_metric(rule.metric), time=time)
    name = {"leq": "Leq", "l10": "L10"}.get(kind, kind)
    return gettext("{name} over {time}").format(name=name if rule.metric == "lp" else f"{name} ({of_metric(rule.metric)})", time=time)


def length(seconds: int) -> str:
    """A length of time: 2 s, 5 min, 3 h."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def of_closing(closing: str) -> str:
    """Why an event of a rule ended; nothing while it goes on."""
    return gettext(CLOSINGS[Closing(closing)]) if closing else ""


def of_finding(kind: str) -> str:
    """What a note complains of."""
    return gettext(FINDINGS[NoteKind(kind)])
