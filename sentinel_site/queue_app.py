"""django-q2 as an app of this site, without the client of Prometheus, which it would load where it is installed."""

from sentinel_site.lib.absent import absent

with absent("prometheus_client"):
    from django_q.apps import DjangoQConfig


class QueueConfig(DjangoQConfig):  # type: ignore[misc]
    """Registers `django_q`."""
