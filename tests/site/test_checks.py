"""System checks, asked of real processes: the settings are read from their environment."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command

from sentinel_site import checks, env

PRODUCTION = {"SENTINEL_BASE_URL": "https://sentinel.example.org", "SENTINEL_DEADMAN_URL": "https://deadman.example.org/ping"}


WRONG = {
    "sentinel.W002": {"SENTINEL_DEADMAN_URL": ""},
    "sentinel.W001": {"SENTINEL_BASE_URL": "http://localhost:8000"},
    "sentinel.E010": {"SENTINEL_ALLOWED_HOSTS": "*"},
    "security.W018": {"SENTINEL_DEBUG": "1"},
    "security.W009": {"SENTINEL_SECRET_KEY": "short"},
    "sentinel.E012": {"SENTINEL_ENCRYPTION_KEYS": "short"},
    "sentinel.E011": {"SENTINEL_ENCRYPTION_KEYS": "k" * 50, "SENTINEL_SECRET_KEY": "k" * 50},
}
CHECK = ["check", "--deploy", "--fail-level", "WARNING"]
ASK = f"""
import importlib, json, os, sys, django
django.setup()
from django.conf import Settings, settings
from django.core.management import CommandError, call_command
alone = dict(os.environ)
for environ in json.load(sys.stdin):
    os.environ.clear()
    os.environ.update(alone | environ)
    importlib.reload(sys.modules[settings.SETTINGS_MODULE])
    settings._wrapped = Settings(settings.SETTINGS_MODULE)
    try:
        print(json.dumps(call_command(*{CHECK}, stdout=sys.stderr) or ""))
    except CommandError as error:
        print(json.dumps(str(error)))
"""
"""Reads the settings from one environment after the other: that of a process of its own each, without its 2 s of loading."""


@pytest.fixture(scope="module")
def heard():
    """What each of WRONG hears."""
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "sentinel_site.settings"}
    asked = json.dumps([PRODUCTION | wrong for wrong in WRONG.values()])
    done = subprocess.run(
        [sys.executable, "-c", ASK], input=asked, cwd=env.BASE_DIR, env=environ, capture_output=True, text=True, check=True
    )
    return dict(zip(WRONG, map(json.loads, done.stdout.splitlines()), strict=True))


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
    command = [sys.executable, str(env.BASE_DIR / "manage.py"), *CHECK]

    done = subprocess.run(command, env=os.environ | PRODUCTION, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "System check identified no issues (0 silenced).\n"), done.stderr


@pytest.mark.parametrize("problem", WRONG)
def test_a_production_site_hears_what_is_wrong(heard, problem):
    assert problem in heard[problem]


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
