"""The admin of `alerts`, one module per subject; importing them registers them."""

from alerts.admin import alerts, inhibitions, policies, routes, silences, sources, subscriptions

__all__ = ["alerts", "inhibitions", "policies", "routes", "silences", "sources", "subscriptions"]
