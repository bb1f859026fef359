"""How many open alerts matchers match now, said beside them while they are written."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from alerts import silence_preview
from sentinel_site.lib import matchers
from sentinel_site.lib.field_checks import FieldCheck


def counted(name: str) -> FieldCheck:
    """Of the field ``name``, a list of matchers: to those who may see alerts, how many match."""

    def hint(request: HttpRequest, cleaned: Mapping[str, Any]) -> str:
        lines = cleaned.get(name)
        if not lines or not request.user.has_perm("alerts.view_alert"):
            return ""
        return silence_preview.preview(matchers.parse_all(lines)).counted

    return FieldCheck(hint=hint)
