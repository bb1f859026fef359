"""Opens the admin's list of alerts in this process and says how long it took: `python -m bench.pages <settings module>`.

Reads a query string a line from standard input, writes ``<status> <milliseconds>``. The whole of Django answers,
middleware included; there is no network in the figure.
"""

import os
import sys
import time

import django


def main() -> None:
    """Answer lines until standard input ends."""
    os.environ["DJANGO_SETTINGS_MODULE"] = sys.argv[1]
    django.setup()
    from django.contrib.auth.models import User
    from django.test import Client
    from django.urls import reverse

    client = Client(HTTP_HOST="localhost", raise_request_exception=True)
    client.force_login(User.objects.filter(is_superuser=True)[0], backend="django.contrib.auth.backends.ModelBackend")
    path = reverse("admin:alerts_alert_changelist")
    for line in sys.stdin:
        begun = time.perf_counter()
        answer = client.get(path + line.strip())
        len(answer.content)
        print(answer.status_code, (time.perf_counter() - begun) * 1000, flush=True)


if __name__ == "__main__":
    main()
