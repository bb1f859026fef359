"""`manage.py qcluster`: the worker."""

from django.core.management.base import BaseCommand

from sentinel_site import cluster


class Command(BaseCommand):
    """Runs the queue's tasks. It takes the place of django-q2's command of this name."""

    help = "Run the worker: tasks of the queue, until SIGTERM or SIGINT."

    def handle(self, *_args: object, **_options: object) -> None:
        """Run until asked to stop."""
        cluster.run()
