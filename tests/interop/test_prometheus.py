"""A real Prometheus with a firing rule and Sentinel as its Alertmanager: a person is told, and told that it is over."""

import subprocess
import urllib.request

import pytest
from django.utils import timezone

from alerts import escalation
from alerts.models import Alert, ForeignAlert
from notifications.models import Delivery
from tests.factories import make_recipient
from tests.faults.house import until
from tests.interop.conftest import program
from tests.ports import free_port

pytestmark = pytest.mark.django_db(transaction=True)
RULES = """
groups:
- name: sample
  interval: 1s
  rules:
  - alert: AlwaysOn
    expr: vector(1) {operator} 0
    labels: {{severity: page}}
    annotations: {{summary: It fires}}
"""
CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
alerting:
  alertmanagers:
  - static_configs: [{{targets: ["{target}"]}}]
    path_prefix: /integrations/alertmanager
    authorization: {{type: Bearer, credentials: {key}}}
"""


@pytest.fixture
def prometheus(web, key, tmp_path):
    make_recipient(groups=["oncall"])
    path = program("prometheus")
    port = free_port()
    (tmp_path / "rules.yml").write_text(RULES.format(operator=">"))
    config = CONFIG.format(rules=tmp_path / "rules.yml", target=web.url.removeprefix("http://"), key=key)
    (tmp_path / "prometheus.yml").write_text(config)
    command = [
        path, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-lifecycle", "--rules.alert.resend-delay=1s", "--log.level=error",
    ]  # fmt: skip
    process = subprocess.Popen(command)
    yield lambda rules: _change(tmp_path / "rules.yml", rules, port)
    process.kill()
    process.wait()


def _change(path, rules, port):
    path.write_text(rules)
    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/-/reload", method="POST"), timeout=20).close()


def told():
    while escalation.advance_due(at=timezone.now()):
        pass
    return list(Delivery.objects.order_by("queued_at", "id").values_list("notification__reason", flat=True))


def test_a_firing_rule_calls_a_person_once_and_its_end_is_told(prometheus):
    until(Alert.objects.exists, 60, "the alert")
    row = ForeignAlert.objects.get()
    until(lambda: ForeignAlert.objects.get().updated_at > row.updated_at, 60, "a re-send")
    until(lambda: told() == ["first"], 60, "the call")
    Delivery.objects.update(status="delivered", sent_at=timezone.now(), attempts=1)

    prometheus(RULES.format(operator="<"))

    until(lambda: Alert.objects.get().status == "RESOLVED", 60, "the end")
    alert = Alert.objects.get()
    assert (alert.occurrences, alert.title, alert.priority, alert.resolution) == (1, "It fires", 1, "recovered")
    assert told() == ["first", "resolved"]
