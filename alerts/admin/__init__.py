"""The admin of `alerts`, one module per subject; importing them registers them."""

from alerts.admin import alerts, inhibitions, mappings, policies, routes, silences, sources, subscriptions, walls

__all__ = ["alerts", "inhibitions", "mappings", "policies", "routes", "silences", "sources", "subscriptions", "walls"]
