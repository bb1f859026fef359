"""The admin of `alerts`, one module per subject; importing them registers them."""

from alerts.admin import alerts, policies, routes, sources, suppressions

__all__ = ["alerts", "policies", "routes", "sources", "suppressions"]
