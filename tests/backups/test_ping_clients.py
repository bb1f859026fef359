"""Clients that people have already: curl, wget and borgmatic, against the real web process."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from alerts.models import Alert
from backups import pings
from backups.models import ExpectedBackupJob, Ping
from tests.factories import make_source

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
BORGMATIC = Path(sys.executable).parent / "borgmatic"
CURL = ["curl", "-fsS", "-m", "60", "--retry", "0"]
BORG = """#!/bin/sh
for word in "$@"; do [ "$word" = --version ] && { echo "borg 1.4.0"; exit 0; }; done
exit %d
"""
CONFIGURATION = """
source_directories: [{folder}/files]
repositories: [{{path: {folder}/repository}}]
{local}
healthchecks:
    ping_url: {url}/ping/{key}/laptop
    create_slug: true
cronitor:
    ping_url: {url}/p/{key}/cronitor
uptime_kuma:
    push_url: {url}/api/push/{push}
"""
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
needs_wget = pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not on this machine")


@pytest.fixture
def job():
    make_source("backups")
    return make_job("nightly")


def make_job(slug):
    return ExpectedBackupJob.objects.create(database_name=slug, slug=slug, period_seconds=3600, reported_by="ping")


def run(*command, **options):
    return subprocess.run([*command], capture_output=True, text=True, timeout=120, check=False, **options)


@needs_curl
def test_curl_pings_in_every_way_it_is_used(web, job):
    url = f"{web.url}/ping/{job.ping_id}"
    ways = [
        [f"{url}/start"], ["-I", f"{url}/log"], ["-X", "POST", f"{url}/log/"], ["-F", "log=@-", f"{url}/log"],
        ["-T", "-", "-X", "POST", f"{url}/log"],
        ["--data-raw", "all is well", f"{url}/0"],
        ["-k", "-L", "-o", "/dev/null", f"{url}?rid={uuid4()}"], ["--http1.0", url],
    ]  # fmt: skip

    done = [run(*CURL, *way, input="from a pipe\n") for way in ways]

    assert [each.returncode for each in done] == [0] * 8, [each.stderr for each in done]
    found = list(Ping.objects.order_by("at").values_list("kind", "method"))
    assert found == [
        ("start", "GET"), ("log", "HEAD"), ("log", "POST"), ("log", "POST"), ("log", "POST"), ("success", "POST"),
        ("success", "GET"), ("success", "GET"),
    ]  # fmt: skip
    assert Ping.objects.get(exit_status=0).body_head == "all is well"


@needs_curl
def test_curl_fails_loudly_where_nothing_was_stored(web, job):
    wrong = [
        f"{web.url}/ping/{uuid4()}",
        f"{web.url}/ping/{job.ping_id}/300",
        f"{web.url}/ping/{'k' * 32}/nightly",
        f"{web.url}/api/push/x",
    ]

    assert [run(*CURL, url).returncode for url in wrong] == [22] * 4
    assert not Ping.objects.exists()


@needs_curl
def test_the_script_of_the_documentation_reports_a_failure_with_its_log(web, job, tmp_path):
    lines = (ROOT / "docs" / "pings.md").read_text().partition("url=")[2].partition("```")[0].splitlines()[1:]
    script = f"url={web.url}/ping/{job.ping_id}\n" + "\n".join(lines).replace("/tmp/restic.log", str(tmp_path / "restic.log"))
    (tmp_path / "restic").write_text("#!/bin/sh\necho scanning\necho 'Fatal: no space left on device'\nexit 3\n")
    (tmp_path / "restic").chmod(stat.S_IRWXU)

    done = run("sh", "-c", script, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})

    job.refresh_from_db()
    ping = Ping.objects.get(kind="fail")
    assert (done.returncode, job.current_status, ping.exit_status, ping.duration_seconds is not None) == (3, "failed", 3, True)
    assert "Exit status 3. Fatal: no space left on device" in Alert.objects.get().description


@needs_wget
def test_wget_pings(web, job):
    url = f"{web.url}/ping/{job.ping_id}"

    done = [
        run("wget", "-q", "-O", "-", "--tries=1", *way) for way in ([url], ["--post-data=x", f"{url}/log"], [f"{web.url}/ping/{uuid4()}"])
    ]

    assert [(each.returncode, each.stdout) for each in done] == [(0, "OK"), (0, "OK"), (8, "")]
    assert list(Ping.objects.order_by("at").values_list("kind", "body_head")) == [("success", ""), ("log", "x")]


@pytest.mark.parametrize(("borg", "code", "kind", "status"), [(None, 1, "fail", "failed"), (0, 0, "success", "ok")])
def test_borgmatic_reports_with_nothing_but_the_address_changed(web, job, tmp_path, borg, code, kind, status):
    make_job("cronitor")
    _, key = pings.issue_key("laptop")
    (tmp_path / "files").mkdir()
    if borg is not None:
        (tmp_path / "borg").write_text(BORG % borg)
        (tmp_path / "borg").chmod(stat.S_IRWXU)
    local = f"local_path: {tmp_path / 'borg'}"
    configuration = CONFIGURATION.format(folder=tmp_path, url=web.url, key=key, push=job.ping_id, local=local)
    (tmp_path / "config.yaml").write_text(configuration)

    done = run(BORGMATIC, "-c", "config.yaml", "create", cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)})

    assert (done.returncode, [line for line in done.stderr.splitlines() if "Uptime" in line or "ealthchecks" in line]) == (code, [])
    told = Ping.objects.order_by("at").values_list("job__slug", "kind")
    found = {slug: [each for name, each in told if name == slug] for slug in ("laptop", "cronitor", "nightly")}
    assert found == {"laptop": ["start", "log", kind], "cronitor": ["start", kind], "nightly": ["start", kind]}
    assert set(ExpectedBackupJob.objects.values_list("current_status", flat=True)) == {status}
