"""What devices add to the story of an alert: the rule as it was then, its onset and clear, and the samples around them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from alerts import story_chart
from alerts.enums import StoryKind
from alerts.story_parts import Asked, Chart, Entry, Fact, Part, Span
from devices import aggregates, history, sentences
from devices.enums import DriverKind
from devices.models import AlertRule, RuleEvent
from sentinel_site.lib import figures

NEEDED: Final = ("devices.view_device", "devices.view_reading")
MOST: Final = 5
"""So many events of rules may belong to one alert that was reported again and again."""
BEFORE, AFTER = timedelta(minutes=5), timedelta(minutes=5)
LONG: Final = timedelta(minutes=30)
"""An event that goes on for longer has a second chart, of the whole of it."""
LONGEST: Final = timedelta(days=31)
RANK: Final = 0


def part(asked: Asked) -> Part | None:
    """The events of rules that are about the alert; None when there is none. Three statements, and one or two for each chart."""
    events = RuleEvent.objects.filter(alert=asked.alert.pk).select_related("device").order_by("onset_at", "id")
    found = list(events[:MOST])
    if not found:
        return None
    if not all(map(asked.may, NEEDED)):
        return Part(left_out=[_("The device's samples and rule are left out: you have no permission to see devices and readings.")])
    entries = [entry for event in found for entry in _entries(event)]
    charts = [chart for event in found for chart in _charts(event, asked)]
    left_out = [_("Only the first %(n)d onsets are told.") % {"n": MOST}] if events.count() > MOST else []
    samples = [_samples(chart, place) for place, chart in enumerate(charts) if chart.at]
    return Part([*entries, *samples], charts, left_out)


def _entries(event: RuleEvent) -> Iterator[Entry]:
    rule, device = _rule(event), event.device
    words = {
        "rule": rule.name, "version": rule.version, "device": device.name, "says": sentences.of_rule(rule),
        "value": _number(event.value, rule), "peak": _number(event.peak, rule), "why": sentences.of_closing(event.closing),
    }  # fmt: skip
    text = _("The rule “%(rule)s” (version %(version)s) of %(device)s held: %(says)s. Measured: %(value)s.") % words
    yield Entry(event.onset_at, StoryKind.ONSET, text, facts=list(_facts(event, rule)), rank=RANK)
    if event.clear_at is not None:
        text = _("It was over for the rule “%(rule)s”: %(why)s. The worst was %(peak)s.") % words
        yield Entry(event.clear_at, StoryKind.CLEAR, text, facts=[Fact("event", _("Event"), str(event.pk))], rank=RANK)


def _facts(event: RuleEvent, rule: AlertRule) -> Iterator[Fact]:
    """The rule as it was then, whatever became of it since."""
    device = event.device
    yield Fact("device", _("Device"), device.slug)
    if device.driver == DriverKind.SIMULATED:
        yield Fact("simulated", _("Simulated device: nothing of it was measured"), True)
    yield Fact("place", _("Place"), device.place or "–")
    yield Fact("event", _("Event"), str(event.pk))
    yield Fact("metric", _("Metric"), event.metric)
    yield Fact("threshold", _("Limit"), _number(rule.threshold, rule))
    yield Fact("hysteresis", _("Must come back by"), rule.hysteresis)
    yield Fact("sustained_seconds", _("For at least (s)"), rule.sustained_seconds)
    yield Fact("cooldown_seconds", _("Pause after an alert (s)"), rule.cooldown_seconds)
    yield Fact("value", _("Measured at the onset"), event.value)
    yield Fact("peak", _("Worst"), event.peak)


def _rule(event: RuleEvent) -> AlertRule:
    """The rule of the event's document, not saved: rows may hold anything, and a rule of an older release has other fields."""
    known, rule = dict(event.rule_document), AlertRule(device=event.device, metric=event.metric, threshold=0.0)
    for name in ("name", "metric", "aggregate", "comparison"):
        setattr(rule, name, str(known.get(name) or getattr(rule, name)))
    for name in ("threshold", "hysteresis", "sustained_seconds", "cooldown_seconds", "version"):
        setattr(rule, name, _numeric(known.get(name), getattr(rule, name)))
    rule.window_from, rule.window_until = _clock(known.get("window_from")), _clock(known.get("window_until"))
    rule.weekdays = [day for day in known.get("weekdays") or () if isinstance(day, int)]
    return rule


def _numeric(value: Any, otherwise: float) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else otherwise


def _clock(text: Any) -> time | None:
    try:
        return time.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _number(value: float, rule: AlertRule) -> str:
    return f"{figures.number(value, 1)} {sentences.unit_of(rule.metric)}".strip()


def _charts(event: RuleEvent, asked: Asked) -> Iterator[Chart]:
    """The samples around the onset, each as it came; and of a long event the whole of it, in wider points."""
    end = min(event.clear_at or asked.until, event.onset_at + LONGEST)
    until, rule = min(end + AFTER, asked.at), _rule(event)
    before = BEFORE + timedelta(seconds=min(rule.sustained_seconds + _window(rule), 3600))
    near = Span(event.onset_at - before, min(until, event.onset_at + LONG))
    yield _chart(event, rule, near, _("%(device)s: samples around the onset"))
    if until > near.until:
        yield _chart(event, rule, Span(near.since, until), _("%(device)s: from before the onset to the end"))


def _chart(event: RuleEvent, rule: AlertRule, span: Span, title: str) -> Chart:
    metric = aggregates.fed_by(rule.metric, _aggregate(rule))
    series = history.series(event.device_id, [metric], since=span.since, until=span.until)
    columns = series.metrics.get(metric) or history.Columns()
    places = [place for place, mean in enumerate(columns.mean) if mean is not None]
    at = [series.at[place] for place in places]
    mean, low, high = ([values[place] for place in places] for values in (columns.mean, columns.low, columns.high))
    return Chart(
        f"{title % {'device': event.device.name}}, {sentences.of_metric(metric)}", sentences.unit_of(metric), span, at, mean, low, high,
        step_seconds=series.step_seconds, limit=None if rule.aggregate.startswith("rate") else rule.threshold,
        limit_text=sentences.of_rule(rule), onset_at=event.onset_at, clear_at=event.clear_at, gaps=story_chart.gaps(at, span),
        remarks=_remarks(series.source, at),
    )  # fmt: skip


def _remarks(source: str, at: Sequence[float]) -> list[str]:
    if not at:
        return [_("Nothing that was measured then is kept.")]
    made = {"60": _("Each point is a minute: its mean, lowest and highest value."), "3600": _("Each point is an hour.")}
    return [made[source]] if source in made else []


def _samples(chart: Chart, place: int) -> Entry:
    """What the chart shows, as the first instant of it in the timeline."""
    low, high = (pick(each for each in series if each is not None) for pick, series in ((min, chart.low), (max, chart.high)))
    facts = [
        Fact("points", _("Points"), len(chart.at)), Fact("lowest", _("Lowest"), low), Fact("highest", _("Highest"), high),
        Fact("gaps", _("Gaps"), len(chart.gaps)),
    ]  # fmt: skip
    return Entry(_utc(chart.at[0], chart.span), StoryKind.SAMPLES, _("The samples of “%(title)s” begin.") % {"title": chart.title},
                 facts=facts, rank=RANK - 1, place=place)  # fmt: skip


def _utc(seconds: float, span: Span) -> datetime:
    return datetime.fromtimestamp(seconds, span.since.tzinfo)


def _aggregate(rule: AlertRule) -> aggregates.Aggregate | None:
    try:
        return aggregates.parse(rule.aggregate)
    except ValueError:
        return None


def _window(rule: AlertRule) -> float:
    aggregate = _aggregate(rule)
    return aggregate.seconds if aggregate is not None else 0.0
