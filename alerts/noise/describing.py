"""A noise report as people and programs read it: its facts, with words in the language that is switched on."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from alerts import describe
from alerts.enums import ProposalKind, ReplayState
from alerts.models import NoiseReport
from alerts.noise import links, words

_ORDER: Final = (
    "name", "position", "source_matchers", "matchers", "target_matchers", "equal", "policy", "priority", "reason", "starts_at", "ends_at",
    "time_zone", "weekdays", "begins", "duration_minutes", "flap_opens", "flap_calm_opens", "flap_window_seconds",
)  # fmt: skip


def report(row: NoiseReport, *, at: datetime) -> dict[str, Any]:
    """A report as api.md answers it at ``at``; ``answer`` is null until it is done."""
    return {
        "id": str(row.pk), "since": describe.instant(row.since), "until": describe.instant(row.until),
        "by": row.by.get_username() if row.by else None, "asked_at": describe.instant(row.asked_at), "state": row.state, "done": row.done,
        "total": row.total, "error": row.error or None, "answer": _answer(row.answer, at=at) if row.state == ReplayState.DONE else None,
    }  # fmt: skip


def proposal(stored: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """A proposal with its words, and the path of the form that would make it. A silence would begin at ``at``."""
    found = {**stored, "body": _ordered(_from(stored["body"], at=at))}
    return {
        **found, "kind_name": words.kind(ProposalKind(found["kind"])),
        "title": words.title(found), "why": words.why(found),
        "cost": words.cost(found), "form": links.form(found),
    }  # fmt: skip


def request(found: Mapping[str, Any]) -> str:
    """A described proposal as the request that would make it."""
    return f"{found['method']} {found['path']}\n{json.dumps(found['body'], indent=2, ensure_ascii=False)}"


def _ordered(body: Mapping[str, Any]) -> dict[str, Any]:
    """A request's members in the order in which one reads them; the database keeps none."""
    return {name: body[name] for name in sorted(body, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))}


def _from(body: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """A silence that begins at ``at``, and lasts as long as it was proposed; anything else as it is."""
    if "ends_at" not in body:
        return dict(body)
    lasts = datetime.fromisoformat(body["ends_at"]) - datetime.fromisoformat(body["starts_at"])
    return {**body, "starts_at": describe.instant(at), "ends_at": describe.instant(at + lasts)}


def _answer(answer: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    return {**answer, "proposals": [proposal(each, at=at) for each in answer["proposals"]]}
