"""Forms that a link fills in, as the noise report's do. Only what a form names itself; whoever opens it still has to save."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

INSTANTS = ("starts_at", "ends_at")
MANY = ("weekdays",)
LONGEST = 5000


class PrefilledMixin:
    """Takes the fields that ``prefilled`` names from the address: of a new row, and of one that is there."""

    prefilled: ClassVar[Sequence[str]] = ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the address says of a new row; instants that cannot be read are left out."""
        given = super().get_changeform_initial_data(request)
        return {**{name: value for name, value in given.items() if name not in INSTANTS}, **_given(request, self.prefilled)}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """A form that shows what the address says, over what is stored."""
        form = super().get_form(request, obj, change, **kwargs)
        given = _given(request, self.prefilled) if obj is not None and request.method == "GET" else {}
        if not given:
            return form
        messages.info(request, _("Some values come from the link that brought you here. Look at them, and save."))

        class Prefilled(form):  # type: ignore[valid-type]
            def __init__(self, *args: Any, **fields: Any) -> None:
                super().__init__(*args, **{**fields, "initial": {**(fields.get("initial") or {}), **given}})

        return Prefilled


def _given(request: HttpRequest, names: Sequence[str]) -> dict[str, Any]:
    """The values that the address has for ``names``; what cannot be read is left out."""
    found: dict[str, Any] = {}
    for name in names:
        values = [value for value in request.GET.getlist(name) if len(value) <= LONGEST]
        if not values:
            continue
        if name in MANY:
            found[name] = values
        elif name not in INSTANTS:
            found[name] = values[0]
        elif at := _instant(values[0]):
            found[name] = at
    return found


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if timezone.is_aware(at) else None
