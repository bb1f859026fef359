"""Reading alerts ready to be described, in one plain statement: the ORM's joins cost more than storing an alert does."""

from typing import Final

from django.db.models import prefetch_related_objects

from alerts import routing
from alerts.models import Alert
from sentinel_site.lib import prepared

BY_ID: Final = "SELECT {columns} FROM alerts_alert AS alert WHERE alert.id = ANY(%s)"
_HAS_OPINION: Final = "EXISTS (SELECT FROM alerts_triageopinion AS opinion WHERE opinion.alert_id = alert.id)"


def alerts(statement: str, parameters: prepared.Parameters) -> list[Alert]:
    """The alerts that ``statement`` selects: its ``{columns}`` stands for all of those of a table called alert.

    Their source and policy come from the routing table (at most a second old) where it knows them. Nothing of source,
    policy, group and opinions is asked for later.
    """
    columns = f"{prepared.columns(Alert, 'alert')}, {_HAS_OPINION}"
    rows = prepared.run(statement.format(columns=columns), parameters)
    table = routing.table() if rows else None
    found, unknown = [], []
    for *values, has_opinion in rows:
        alert = prepared.build(Alert, values)
        source, snapshot = (table.source_by_id.get(alert.source_id), table.snapshot_by_id.get(alert.policy_id)) if table else (None, None)
        if source:
            alert.source = source
        if snapshot:
            alert.policy = snapshot
        if not has_opinion:
            alert._prefetched_objects_cache = {"opinions": []}  # type: ignore[attr-defined]
        found.append(alert)
        if has_opinion or not source or not snapshot or alert.group_id:
            unknown.append(alert)
    if unknown:
        prefetch_related_objects(unknown, "source", "policy", "group", "opinions")
    return found
