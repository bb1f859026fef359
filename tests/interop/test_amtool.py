"""amtool, Alertmanager's own command, with Sentinel as its Alertmanager."""

import json
import subprocess

import pytest

from alerts.models import Alert, Silence
from tests.interop.conftest import program

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def amtool(web, key):
    where = web.url.replace("http://", f"http://anyone:{key}@") + "/integrations/alertmanager"
    path = program("amtool")

    def run(*arguments: str) -> str:
        done = subprocess.run([path, f"--alertmanager.url={where}", *arguments], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def names(printed: str) -> list[str]:
    return sorted(each["labels"]["alertname"] for each in json.loads(printed))


def test_alerts_are_added_and_found(amtool):
    amtool("alert", "add", "HighLoad", "instance=db1", "severity=critical", "--annotation=summary=Load is high")
    amtool("alert", "add", "DiskFull", "instance=db2")

    assert names(amtool("alert", "query", "-o", "json")) == ["DiskFull", "HighLoad"]
    assert names(amtool("alert", "query", "-o", "json", "instance=~db.*", "alertname!=HighLoad")) == ["DiskFull"]
    assert set(Alert.objects.values_list("title", "priority")) == {("Load is high", 1), ("DiskFull: db2", 3)}


def test_a_silence_is_made_found_changed_and_ended(amtool):
    amtool("alert", "add", "HighLoad", "instance=db1")
    pk = amtool("silence", "add", "alertname=HighLoad", "--author=robin", "--comment=we know", "--duration=1h").strip()
    assert json.loads(amtool("silence", "query", "-o", "json"))[0]["id"] == pk
    assert names(amtool("alert", "query", "-o", "json")) == []
    assert names(amtool("alert", "query", "-o", "json", "--silenced")) == ["HighLoad"]

    amtool("silence", "update", pk, "--duration=2h", "--comment=still")
    assert Silence.objects.get().reason == "still"
    amtool("silence", "expire", pk)

    assert names(amtool("alert", "query", "-o", "json")) == ["HighLoad"]
    assert json.loads(amtool("silence", "query", "-o", "json")) == []


def test_it_can_show_configuration_and_cluster(amtool):
    assert "Sentinel" in amtool("config", "show")
    assert "disabled" in amtool("cluster", "show")
