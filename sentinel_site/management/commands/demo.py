"""`manage.py demo`: sample data, and the command that reports a fall with it."""

import logging

from django.conf import settings
from django.core.management.base import BaseCommand

from sentinel_site import demo, doctor

REPORT = """
Report a fall:

  curl -X POST {url}/api/v1/detections -H "Authorization: Bearer {key}" \\
       -F camera=cam-12 -F kind=fall -F confidence=0.93 -F "image=@{picture};type=image/jpeg"

Watch it:          {url}/live/
On a wall:         {wall} (a screen nobody signs in at)
Devices:           {url}/live/devices/ (a month of levels; the workshop is loud every two minutes, which raises an alert and ends it)
Backups:           {url}/live/backups/ (last night one came altered, one smaller than ever, one did not come)
Jobs:              {url}/live/jobs/ (a chain of five, which runs as soon as the worker is up; one fails)
Who is told:       {recipient}, and five others; their addresses reach nobody
{mail}
"""


class Command(BaseCommand):
    """Adds sample data."""

    help = "Add sample data: people, a month of alerts, devices, backups and jobs, and a key to report with. What is there stays."
    requires_system_checks = ()

    def handle(self, *_args: object, **_options: object) -> None:
        """Make it and show how to use it. The key of an earlier demo is refused afterwards."""
        # At a start Redis comes after the sample data, which nobody watches live.
        logging.getLogger("devices.publishing").setLevel(logging.ERROR)
        made = demo.run(data_dir=settings.DATA_DIR, say=lambda text: self.stdout.write(f"demo: {text} ..."))
        mail = f"Mail is written to: {settings.EMAIL_FILE_PATH}" if doctor.mail_is_written_to_files() else ""
        said = {"key": made.key, "picture": made.picture, "recipient": made.recipient, "wall": made.wall}
        self.stdout.write(REPORT.format(url=settings.SENTINEL_BASE_URL, mail=mail, **said))
