"""`manage.py doctor`: what is wrong or missing in this installation. Exit code 1 when there are errors."""

import sys

from django.core.management.base import BaseCommand
from django.utils import timezone, translation

from sentinel_site import doctor


class Command(BaseCommand):
    """Examines the configuration and says what it means."""

    help = "Say what is wrong or missing in this installation, in plain words. Exit code 1 when something is wrong."
    requires_system_checks = ()

    def handle(self, *_args: object, **_options: object) -> None:
        """Print one line per finding."""
        styles = {doctor.OK: self.style.SUCCESS, doctor.WARN: self.style.WARNING, doctor.ERROR: self.style.ERROR}
        with translation.override(None):
            findings = list(doctor.examine(at=timezone.now()))
        for finding in findings:
            self.stdout.write(f"{styles[finding.level](f'{finding.level:5}')} {finding.text}")
        if any(finding.level == doctor.ERROR for finding in findings):
            sys.exit(1)
