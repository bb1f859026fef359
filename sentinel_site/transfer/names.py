"""What rows are called in files, where REST has their ids."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

from django.db.models import Model

from notifications.models import ContactMethod, OnCallSchedule, Recipient
from sentinel_site.lib.problems import invalid

NAMED: Final[Mapping[str, type[Model]]] = {
    "recipients": Recipient, "members": Recipient, "recipient": Recipient, "schedules": OnCallSchedule, "schedule": OnCallSchedule,
}  # fmt: skip
"""Fields that name rows by id for REST, and by name in files."""
FREE: Final = frozenset({"arguments"})
"""What is in them means something to somebody else."""
METHOD: Final = "method"
"""Names one of the contact methods of the row's recipient."""


class Names:
    """Which name belongs to which id, read once."""

    def __init__(self) -> None:
        self._by_id: dict[type[Model], dict[str, str]] = {}
        self._by_name: dict[type[Model], dict[str, list[str]]] = {}
        self._methods = _Methods()
        for model in (Recipient, OnCallSchedule):
            pairs = [(str(pk), name) for pk, name in model._default_manager.values_list("pk", "name")]
            self._by_id[model] = dict(pairs)
            self._by_name[model] = {}
            for pk, name in pairs:
                self._by_name[model].setdefault(name, []).append(pk)

    def named(self, field: str, value: Any) -> Any:
        """``value`` with names in place of ids, however deep."""
        if field == METHOD and value:
            return self._methods.called(value)
        return self._walk(field, value, lambda model, pk: self._by_id[model].get(str(pk), str(pk)))

    def numbered(self, row: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
        """A row of a file with ids in place of names; ``present``: the stored one, by ids. Raises a 422 Problem for a name that nobody
        has, or several."""
        found = {name: self._numbered(name, value) for name, value in row.items()}
        if found.get(METHOD):
            found[METHOD] = self._methods.of(found.get("recipient", present.get("recipient")), found[METHOD])
        return found

    def _numbered(self, field: str, value: Any) -> Any:
        return self._walk(field, value, lambda model, name: self._id(field, model, name))

    def _id(self, field: str, model: type[Model], name: Any) -> Any:
        found = self._by_name[model].get(str(name), [])
        if len(found) != 1:
            called = f"{'several are' if found else 'nothing is'} called “{str(name)[:80]}”"
            advice = "give each a name of its own" if found else f"take in {model._meta.label_lower.partition('.')[2]}s first"
            raise invalid([((field,), f"{called}: {advice}")])
        return found[0]

    def _walk(self, field: str, value: Any, change: Callable[[type[Model], Any], Any]) -> Any:
        if field in FREE:
            return value
        if isinstance(value, dict):
            return {name: self._walk(name, each, change) for name, each in value.items()}
        if isinstance(value, list):
            return [self._walk(field, each, change) for each in value]
        model = NAMED.get(field)
        return value if model is None or value is None else change(model, value)


class _Methods:
    """Contact methods as others may see them: ``sms +33…78``. Read when a rule names one."""

    def called(self, pk: str) -> str:
        """What a file calls it; its id where another one of the same person looks alike."""
        owner, text = self._known[str(pk)]
        return text if len(self._of[owner, text]) == 1 else str(pk)

    def of(self, owner: Any, text: Any) -> str:
        """The id of the one that ``owner`` calls so. Raises a 422 Problem."""
        known = self._known.get(str(text))
        if known is not None and known[0] == str(owner):
            return str(text)
        found = self._of.get((str(owner), str(text)), [])
        if len(found) != 1:
            called = f"{'several contact methods look' if found else 'no contact method of theirs looks'} like “{str(text)[:80]}”"
            raise invalid([((METHOD,), f"{called}: write a kind in its place, or take in contact methods first")])
        return found[0]

    @cached_property
    def _known(self) -> dict[str, tuple[str, str]]:
        rows = ContactMethod.objects.exclude(recipient=None).defer("secret")
        return {str(row.pk): (str(row.recipient_id), f"{row.kind} {row.masked}") for row in rows}

    @cached_property
    def _of(self) -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for pk, (owner, text) in self._known.items():
            found[owner, text].append(pk)
        return found
