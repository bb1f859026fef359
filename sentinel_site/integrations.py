"""Where other programs' own formats are spoken: their addresses, each behind an API key."""

from django.urls import URLPattern, path

from alerts.integrations import alertmanager, incoming, mapped, silence
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
    own = path(f"{prefix}webhook", key_only(incoming.alertmanager_webhook), name="webhook")
    return [own, *(path(f"{prefix}api/v2/{rest}", key_only(view)) for rest, view in api.items()), *health]


ALERTMANAGER = [*_alertmanager(""), *_alertmanager("<slug:source>/")]
"""Below /integrations/alertmanager; with a slug the alerts go to that source, else to “alertmanager”."""


def _webhooks(below: str) -> list[URLPattern]:
    """``below`` is the source's slug in the path, or nothing."""
    events = {"enqueue": incoming.pagerduty_event, "change/enqueue": incoming.pagerduty_change}
    return [
        path(f"grafana{below}", key_only(incoming.grafana)),
        path(f"uptime-kuma{below}", key_only(incoming.uptime_kuma_beat)),
        path(f"cloudevents{below}", incoming.handshake(key_only(incoming.cloudevents))),
        *(
            path(f"pagerduty{below}/v2/{rest}", key_only(view, inside=incoming.routing_key, refused=incoming.pagerduty_refusal))
            for rest, view in events.items()
        ),
    ]


MAPPED = [path(f"json/<slug:mapping>{end}", key_only(mapped.json_message)) for end in ("", "/")]
WEBHOOKS = [*_webhooks(""), *_webhooks("/"), *_webhooks("/<slug:source>"), *MAPPED]
"""Below /integrations: formats of their own, each with a source that is called like it unless the path or ``?source=`` names another;
and any JSON, by the mapping in the path.

A slash too many is forgiven: nobody sees the 404 that a program is answered.
"""

SILENCE = [path("<slug:source>", key_only(silence.silence, inside=silence.key_in_address), name="silence")]
"""Below /integrations/silence/: for scripts that can only open an address."""
