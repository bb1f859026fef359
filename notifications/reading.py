"""Reading deliveries with everything a transport needs, in the statement that claims them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model

from notifications.models import ContactMethod, Delivery, Notification, Recipient, RecipientGroup
from sentinel_site.lib import prepared

_TABLES: Final[tuple[tuple[type[Model], str], ...]] = (
    (Delivery, "delivery"), (Notification, "told"), (Recipient, "recipient"), (RecipientGroup, "team"), (ContactMethod, "method"),
)  # fmt: skip
_JOINS: Final = """
JOIN notifications_notification AS told ON told.id = delivery.notification_id
LEFT JOIN notifications_recipient AS recipient ON recipient.id = told.recipient_id
LEFT JOIN notifications_recipientgroup AS team ON team.id = told.group_id
LEFT JOIN notifications_contactmethod AS method ON method.id = delivery.method_id
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One delivery as it was read. Its address may be unreadable, so the method is put together only when it is asked for."""

    status: str
    _parts: tuple[list[Any], ...]

    def bare(self) -> Delivery:
        """The delivery with its notification, recipient and group, without the method."""
        delivery, note, recipient, group = (
            prepared.build(model, part) if part[0] is not None else None
            for (model, _), part in zip(_TABLES[:-1], self._parts[:-1], strict=True)
        )
        note.recipient, note.group = recipient, group  # type: ignore[union-attr]
        delivery.notification = note  # type: ignore[union-attr]
        return delivery  # type: ignore[return-value]

    def whole(self) -> Delivery:
        """The delivery with its method, too. Raises UndecryptableError."""
        delivery, method = self.bare(), self._parts[-1]
        delivery.method = prepared.build(ContactMethod, method) if method[0] is not None else None
        return delivery


def rows(statement: str, parameters: prepared.Parameters) -> list[Row]:
    """What ``statement`` selects; its ``{columns}`` and ``{joins}`` are filled in for a table called delivery."""
    columns = ", ".join(prepared.columns(model, alias) for model, alias in _TABLES)
    status = [field.attname for field in Delivery._meta.concrete_fields].index("status")
    found = prepared.run(statement.format(columns=columns, joins=_JOINS), parameters)
    parts = (tuple(_parts(row)) for row in found)
    return [Row(part[0][status], part) for part in parts]


def _parts(row: tuple[Any, ...]) -> Iterator[list[Any]]:
    start = 0
    for model, _ in _TABLES:
        end = start + prepared.width(model)
        yield list(row[start:end])
        start = end
