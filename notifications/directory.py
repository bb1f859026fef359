"""Reading groups, people with their rules, and methods: a statement each, planned once. Being called must not wait for the ORM."""

import json
from collections.abc import Iterable
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
) FROM notifications_recipient AS person WHERE person.id = ANY(%s::uuid[]) ORDER BY person.name, person.id
"""
_METHODS: Final = """
SELECT {columns} FROM notifications_contactmethod AS method
WHERE method.recipient_id = ANY(%s::uuid[]) OR method.group_id = ANY(%s::bigint[]) ORDER BY method."order", method.id
"""


def groups(slugs: Iterable[str]) -> dict[str, tuple[RecipientGroup, set[UUID]]]:
    """Each group with the ids of its members, by slug. Slugs of no group are left out."""
    found = prepared.run(_GROUPS.format(columns=prepared.columns(RecipientGroup, "team")), [list(slugs)])
    built = [(prepared.build(RecipientGroup, values), set(members)) for *values, members in found]
    return {group.slug: (group, members) for group, members in built}


def people(ids: Iterable[UUID | str]) -> dict[UUID, Recipient]:
    """People by id, in the order of their names; ``own_rules`` of each holds the person's rules."""
    found = prepared.run(_PEOPLE.format(columns=prepared.columns(Recipient, "person")), [[str(pk) for pk in ids]])
    persons = {}
    for *values, rules in found:
        person = prepared.build(Recipient, values)
        person.own_rules = [_rule(each) for each in json.loads(rules or "[]")]  # type: ignore[attr-defined]
        persons[person.pk] = person
    return persons


def methods(*, people: Iterable[UUID], groups: Iterable[int]) -> list[ContactMethod]:
    """Their contact methods in order, without what is secret."""
    statement = _METHODS.format(columns=prepared.columns(ContactMethod, "method", without=SECRETS))
    return [prepared.build(ContactMethod, row, without=SECRETS) for row in prepared.run(statement, [list(people), list(groups)])]


def _rule(document: dict[str, object]) -> Rule:
    method = document["method"]
    return Rule(**{**document, "method": UUID(str(method)) if method else None})  # type: ignore[arg-type]
