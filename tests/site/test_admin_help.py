"""Every field that somebody fills in in the admin says what it does, unless its name says all of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User

from sentinel_site import empty_states, palette
from sentinel_site.unfold import UNFOLD

OBVIOUS = {
    "AlertRule.name", "Device.name", "Group.name", "Job.name", "MaintenanceWindow.name", "OnCallSchedule.name", "RecipientGroup.name",
    "Rotation.name", "User.email", "User.first_name", "User.last_name",
}  # fmt: skip
"""Fields whose name says all there is to know."""


def fields(request: Any) -> Iterator[tuple[str, Any]]:
    """Every field of every form of the admin, the rows within forms included: its name and itself."""
    for model, model_admin in admin.site._registry.items():
        forms = [model_admin.get_form(request, None)] if model_admin.has_add_permission(request) else []
        if model_admin.has_change_permission(request):
            forms.append(model_admin.get_form(request, model()))
        for inline in model_admin.get_inline_instances(request):
            within = inline.inlines if hasattr(inline, "inlines") else ()
            forms += [each.get_formset(request).form for each in (inline, *(part(inline.model, admin.site) for part in within))]
        for form in forms:
            name = getattr(getattr(form, "_meta", None), "model", None) or model
            yield from ((f"{name.__name__}.{field}", each) for field, each in form.base_fields.items())


@pytest.mark.django_db
def test_every_field_says_what_it_is_for(rf):
    request = rf.get("/admin/")
    request.user = User(pk=1, is_superuser=True, is_staff=True, is_active=True)

    silent = {name for name, field in fields(request) if not field.help_text and not field.widget.is_hidden}

    assert silent - OBVIOUS == set()
    assert OBVIOUS - silent == set()


def test_every_search_says_what_it_looks_for():
    assert [model.__name__ for model, owner in admin.site._registry.items() if owner.search_fields and not owner.search_help_text] == []


def test_a_thing_has_one_icon_everywhere_and_no_other_thing_has_it():
    items = [item for group in UNFOLD["SIDEBAR"]["navigation"] for item in group["items"]]
    items = [item for item in items if str(item["link"]).startswith("/admin/")]
    menu = {str(item["link"]).removeprefix("/admin/").strip("/").replace("/", "."): item["icon"] for item in items}
    menu = {label: icon for label, icon in menu.items() if label.count(".") == 1}

    known = {label: state.icon for label, state in empty_states.STATES.items()}
    found = {kind.model._meta.label_lower: kind.icon for kind in palette.KINDS}

    assert {label: icon for label, icon in (known | found).items() if menu.get(label, icon) != icon} == {}
    assert len(set(menu.values())) == len(menu)


@pytest.mark.django_db
def test_what_lists_colour_stands_on_pages_in_words(rf):
    """A list takes a value and its word; the page of a row would show both, as Python writes them."""
    request = rf.get("/admin/")
    request.user = User(pk=1, is_superuser=True, is_staff=True, is_active=True)
    wrong = [
        f"{model.__name__}.{name}"
        for model, model_admin in admin.site._registry.items()
        for name in model_admin.get_readonly_fields(request, model())
        if getattr(getattr(model_admin, str(name), None), "label", None)
    ]

    assert wrong == []
