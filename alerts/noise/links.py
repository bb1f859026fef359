"""From a proposal to the admin's form, filled in. Whoever opens it still has to look at it and to save it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from alerts.enums import ProposalKind
from alerts.models import EscalationPolicy, Source

PERMISSIONS: Final = {
    ProposalKind.ROUTE: "alerts.add_route", ProposalKind.SILENCE: "alerts.add_silence", ProposalKind.INHIBITION: "alerts.add_inhibition",
    ProposalKind.WINDOW: "alerts.add_maintenancewindow", ProposalKind.FLAPPING: "alerts.change_source",
}  # fmt: skip
_ADD: Final = {
    ProposalKind.ROUTE: "route", ProposalKind.SILENCE: "silence", ProposalKind.INHIBITION: "inhibition",
    ProposalKind.WINDOW: "maintenancewindow",
}  # fmt: skip
_LINES: Final = ("matchers", "source_matchers", "target_matchers", "equal")


def form(proposal: Mapping[str, Any]) -> str | None:
    """The path of the form that would make the change, filled in; None when what it changes is gone."""
    kind, body = ProposalKind(proposal["kind"]), proposal["body"]
    if kind == ProposalKind.FLAPPING:
        source = Source.objects.filter(slug=proposal["facts"]["source"]).values_list("pk", flat=True).first()
        return None if source is None else f"{reverse('admin:alerts_source_change', args=[source])}?{urlencode(body)}"
    fields = {name: _written(name, value) for name, value in body.items()}
    if kind == ProposalKind.ROUTE:
        policy = EscalationPolicy.objects.filter(name=body["policy"]).values_list("pk", flat=True).first()
        if policy is None:
            return None
        fields |= {"policy": policy, "priority": body["priority"][1:]}
    return f"{reverse(f'admin:alerts_{_ADD[kind]}_add')}?{urlencode(fields, doseq=True)}"


def _written(name: str, value: Any) -> Any:
    """A value as a form's address has it: lines one below the other, instants to the minute."""
    if name in _LINES:
        return "\n".join(value)
    return f"{datetime.fromisoformat(value):%Y-%m-%dT%H:%M:%S%z}" if name in {"starts_at", "ends_at"} else value
