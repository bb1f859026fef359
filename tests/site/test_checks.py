import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command

from sentinel_site import checks, env

PRODUCTION = {"SENTINEL_BASE_URL": "https://sentinel.example.org", "SENTINEL_DEADMAN_URL": "https://deadman.example.org/ping"}


def deploy_check(**environ: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(env.BASE_DIR / "manage.py"), "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, env=os.environ | environ, capture_output=True, text=True, check=False)


def ids(**changes: object) -> list[str]:
    return [str(message.id) for message in checks.queue_problems({**settings.Q_CLUSTER, **changes})]


def test_the_queues_numbers_fit_together():
    assert ids() == []


def test_the_formula_is_the_measured_one():
    assert checks.least_retry_seconds({"timeout": 10, "workers": 2, "queue_limit": 2, "bulk": 1}) == 40.5


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"retry": 190}, "sentinel.E001"),
        ({"guard_cycle": 0.2}, "sentinel.E002"),
        ({"name": "other"}, "sentinel.E003"),
        ({"workers": 1, "retry": 3000}, "sentinel.E004"),
        ({"orm": "queue"}, "sentinel.E005"),
    ],
)
def test_a_dangerous_queue_is_refused(change, found):
    assert ids(**change) == [found]


def test_a_production_site_has_nothing_to_hear():
    done = deploy_check(**PRODUCTION)

    assert (done.returncode, done.stdout) == (0, "System check identified no issues (0 silenced).\n"), done.stderr


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"SENTINEL_DEADMAN_URL": ""}, "sentinel.W002"),
        ({"SENTINEL_BASE_URL": "http://localhost:8000"}, "sentinel.W001"),
        ({"SENTINEL_ALLOWED_HOSTS": "*"}, "sentinel.E010"),
        ({"SENTINEL_DEBUG": "1"}, "security.W018"),
        ({"SENTINEL_SECRET_KEY": "short"}, "security.W009"),
        ({"SENTINEL_ENCRYPTION_KEYS": "short"}, "sentinel.E012"),
        ({"SENTINEL_ENCRYPTION_KEYS": "k" * 50, "SENTINEL_SECRET_KEY": "k" * 50}, "sentinel.E011"),
    ],
)
def test_a_production_site_hears_what_is_wrong(environ, found):
    done = deploy_check(**PRODUCTION | environ)

    assert done.returncode == 1
    assert found in done.stderr


def test_models_and_migrations_agree(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("process", ["qcluster", "watchdog", "monitor"])
def test_a_process_that_leaves_the_pages_out_passes_django_s_checks(process):
    """Anyone may start it by hand, without the options `up` gives it."""
    program = (
        f"import sys, django; sys.argv = ['manage.py', '{process}']; django.setup()\n"
        "from django.core.management import call_command; call_command('check')"
    )
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "sentinel_site.settings"}

    done = subprocess.run([sys.executable, "-c", program], cwd=env.BASE_DIR, env=environ, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
