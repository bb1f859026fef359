"""Reading groups, people with their rules, and methods: a statement each, planned once. Being called must not wait for the ORM."""

import json
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from notifications.models import ContactMethod, Recipient, RecipientGroup
from notifications.rules import Rule
from sentinel_site.lib import prepared

SECRETS: Final = frozenset({"address", "secret"})
"""Decrypted when a message is sent, and not to find out whether one can be."""
_GROUPS: Final = """
SELECT {columns}, ARRAY(SELECT recipient_id FROM notifications_recipientgroup_members WHERE recipientgroup_id = team.id)
FROM notifications_recipientgroup AS team WHERE team.slug = ANY(%s::text[])
"""
_PEOPLE: Final = """
SELECT {columns}, (
    SELECT jsonb_agg(jsonb_build_object('first', priority_from, 'last', priority_to, 'kind', kind, 'method', method_id,
        'delay_seconds', delay_seconds)) FROM notifications_notificationrule WHERE recipient_id = person.id
), {recent} FROM notifications_recipient AS person WHERE person.id = ANY(%(ids)s::uuid[]) ORDER BY person.name, person.id
"""
_RECENT: Final = """(
    SELECT jsonb_agg(jsonb_build_array(told.urgency, told.priority)) FROM (
        SELECT urgency, priority FROM notifications_notification
        WHERE recipient_id = person.id AND id >= %(since_id)s::uuid AND created_at > %(since)s::timestamptz
            AND created_at <= %(at)s::timestamptz AND reason = ANY(%(reasons)s::text[])
        ORDER BY id DESC LIMIT 100
    ) AS told
)"""
_METHODS: Final = """
SELECT {columns} FROM notifications_contactmethod AS method
WHERE method.recipient_id = ANY(%s::uuid[]) OR method.group_id = ANY(%s::bigint[]) ORDER BY method."order", method.id
"""


def groups(slugs: Iterable[str]) -> dict[str, tuple[RecipientGroup, set[UUID]]]:
    """Each group with the ids of its members, by slug. Slugs of no group are left out."""
    found = prepared.run(_GROUPS.format(columns=prepared.columns(RecipientGroup, "team")), [list(slugs)])
    built = [(prepared.build(RecipientGroup, values), set(members)) for *values, members in found]
    return {group.slug: (group, members) for group, members in built}


def people(ids: Iterable[UUID | str], *, recent: Mapping[str, object] | None = None) -> dict[UUID, Recipient]:
    """People by id, in the order of their names; ``own_rules`` of each holds the person's rules.

    With ``recent`` (storms.window), ``recent`` of each holds (urgency, priority) of the newest messages of that window.
    """
    statement = _PEOPLE.format(columns=prepared.columns(Recipient, "person"), recent=_RECENT if recent else "NULL")
    persons = {}
    for *values, rules, told in prepared.run(statement, {"ids": [str(pk) for pk in ids], **(recent or {})}):
        person = prepared.build(Recipient, values)
        person.own_rules = [_rule(each) for each in json.loads(rules or "[]")]  # type: ignore[attr-defined]
        person.recent = [(urgency, priority) for urgency, priority in json.loads(told or "[]")]  # type: ignore[attr-defined]
        persons[person.pk] = person
    return persons


def methods(*, people: Iterable[UUID], groups: Iterable[int]) -> list[ContactMethod]:
    """Their contact methods in order, without what is secret."""
    statement = _METHODS.format(columns=prepared.columns(ContactMethod, "method", without=SECRETS))
    return [prepared.build(ContactMethod, row, without=SECRETS) for row in prepared.run(statement, [list(people), list(groups)])]


def _rule(document: dict[str, object]) -> Rule:
    method = document["method"]
    return Rule(**{**document, "method": UUID(str(method)) if method else None})  # type: ignore[arg-type]
