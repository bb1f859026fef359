"""Where other programs' own formats are spoken: their addresses, each behind an API key."""

from django.urls import URLPattern, path

from alerts.integrations import alertmanager
from sentinel_site.auth import key_only


def _alertmanager(prefix: str) -> list[URLPattern]:
    api = {
        "alerts": alertmanager.alerts,
        "alerts/groups": alertmanager.groups,
        "silences": alertmanager.silences,
        "silence/<str:silence_id>": alertmanager.silence,
        "status": alertmanager.status,
        "receivers": alertmanager.receivers,
    }
    health = [path(f"{prefix}-/{word}", alertmanager.healthy) for word in ("healthy", "ready")]
    return [*(path(f"{prefix}api/v2/{rest}", key_only(view)) for rest, view in api.items()), *health]


ALERTMANAGER = [*_alertmanager(""), *_alertmanager("<slug:source>/")]
"""Below /integrations/alertmanager; with a slug the alerts go to that source, else to “alertmanager”."""
