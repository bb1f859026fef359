"""Grafana's webhook, read: pure. Alertmanager's shape with more in it: values, dashboards, pictures; the button “Test” calls nobody."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from alerts.alertmanager import Posted
from alerts.folding import NewReport
from alerts.incoming import alertmanager_webhook, contract
from alerts.incoming.alertmanager_webhook import Webhook
from alerts.incoming.contract import Action, Incoming

LINKS: Final = {"panelURL": "Panel", "dashboardURL": "Dashboard", "imageURL": "Picture", "silenceURL": "Silence it in Grafana"}
BROKEN: Final = {"DatasourceNoData": "No data", "DatasourceError": "The rule cannot be evaluated"}
"""Alerts that say that a rule sees nothing any more. What it watches may be on fire: they go where the rule's own alerts go."""


def read(value: Any, source: str, *, at: datetime) -> Webhook:
    """The alerts of the message. Raises FormatError."""
    alerts = alertmanager_webhook.alerts_of(value)
    posted: dict[str, Posted] = {}
    items: list[Incoming] = []
    for item in alerts:
        each = alertmanager_webhook.read_one(item, at=at)
        if each is None:
            items.append(alertmanager_webhook.unreadable(item, source, at=at))
        elif _is_test(each):
            items.append(_test(each, source, at=at))
        else:
            posted[each.label_hash] = _with_more(each, item)
    return Webhook(list(posted.values()), items + alertmanager_webhook.truncated(value, source, at=at))


def _is_test(posted: Posted) -> bool:
    return posted.labels.get("alertname") == "TestAlert" and posted.labels.get("instance") == "Grafana"


def _test(posted: Posted, source: str, *, at: datetime) -> Incoming:
    title = posted.annotations.get("summary") or "Grafana tries the connection"
    report = NewReport(source, title=title, type="test", labels=posted.labels, raw=posted.raw)
    return Incoming(Action.TEST, contract.bounded(report, at=at))


def _with_more(posted: Posted, item: Mapping[str, Any]) -> Posted:
    notes = dict(posted.annotations)
    broken = BROKEN.get(posted.labels.get("alertname", ""))
    said = [notes.get("description") or notes.get("message", ""), _values(item)]
    title = ""
    if broken:
        title = contract.cut(f"{broken}: {posted.labels.get('rulename') or notes.get('summary') or 'a rule'}", contract.MAX_TITLE)
        said.insert(0, notes.get("summary", ""))
    if any(said):
        notes["description"] = "\n\n".join(filter(None, said))
    links = tuple((text, contract.url(item.get(name))) for name, text in LINKS.items())
    return posted._replace(annotations=notes, title=title, links=links)


def _values(item: Mapping[str, Any]) -> str:
    """What was measured, as a line; the text that Grafana made of it where there are no single values."""
    values = item.get("values")
    said = {name: contract.text(each) for name, each in values.items()} if isinstance(values, dict) else {}
    line = ", ".join(f"{name} = {each}" for name, each in said.items() if each) or contract.text(item.get("valueString"))
    return contract.cut(line, 2000)
