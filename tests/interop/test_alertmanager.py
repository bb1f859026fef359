"""A real Alertmanager with Sentinel as its receiver."""

import json
import socket
import subprocess
import urllib.error
import urllib.request
from datetime import timedelta

import pytest
from django.utils import timezone

from alerts.models import Alert
from tests.faults.house import until
from tests.interop.conftest import program

pytestmark = pytest.mark.django_db(transaction=True)
CONFIG = """
route: {{receiver: sentinel, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers:
- name: sentinel
  webhook_configs:
  - url: {url}/integrations/alertmanager/webhook
    send_resolved: true
    http_config: {{authorization: {{type: Bearer, credentials: {key}}}}}
"""


@pytest.fixture
def alertmanager(web, key, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "am.yml").write_text(CONFIG.format(url=web.url, key=key))
    command = [
        program("prometheus-alertmanager"), f"--config.file={tmp_path}/am.yml", f"--storage.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error",
    ]  # fmt: skip
    process = subprocess.Popen(command)
    yield f"http://127.0.0.1:{port}/api/v2/alerts"
    process.kill()
    process.wait()


def post(url, **fields):
    alert = {"labels": {"alertname": "HighLoad", "severity": "critical"}, "annotations": {"summary": "Load is high"}, **fields}
    request = urllib.request.Request(url, json.dumps([alert]).encode(), {"Content-Type": "application/json"})

    def sent():
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    until(sent, 60, "Alertmanager took the alert")


def test_what_it_sends_is_raised_and_ends(alertmanager):
    post(alertmanager)
    alert = until(Alert.objects.first, 60)
    assert (alert.title, alert.severity, alert.source.slug) == ("Load is high", "critical", "alertmanager")

    now = timezone.now()
    post(alertmanager, startsAt=(now - timedelta(minutes=1)).isoformat(), endsAt=now.isoformat())

    until(lambda: Alert.objects.get().status == "RESOLVED", 60)
    assert Alert.objects.get().occurrences == 1
