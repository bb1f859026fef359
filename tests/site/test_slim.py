"""What is not loaded: parts of libraries that the web server never uses, and in the programs that serve no page all that pages need."""

import json
import re
import subprocess
import sys

import pytest

from tests.web import ROOT, environment

CODE = """
import sys
import sentinel_site.server
unused = {"django.test", "h2", "openpyxl", "unittest.mock", "OpenSSL", "prometheus_client"}
print(sorted(unused & set(sys.modules)), "django.test.signals" in sys.modules)
import h2
from django.test import Client, signals
print(Client.__name__, signals is sys.modules["django.test.signals"])
"""
LOADED = """
import importlib, json, os, sys
import django
for program in sys.argv[1:]:
    if not os.fork():
        sys.argv = ["manage.py", program]
        django.setup()
        command = importlib.import_module(f"sentinel_site.management.commands.{program}")
        for name in command.cluster.SHARED if program == "qcluster" else ():
            importlib.import_module(name)
        print(json.dumps([program, sorted(sys.modules)]), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0
"""
PROGRAMS = ("qcluster", "watchdog", "monitor")
PAGES = re.compile(
    r"""(django\.contrib\.(admin|sessions|messages|staticfiles)|unfold|import_export|tablib|axes|whitenoise|ninja|daphne|twisted|autobahn
    |PIL|numpy|rich|holidays|icalendar|babel|reportlab|fpdf|openpyxl|et_xmlfile|jmespath|mkdocs|jinja2|prometheus_client|OpenSSL
    |firebase_admin|google|grpc|twilio|slack_sdk|apprise|boto3|pywebpush|py_vapid
    |alerts\.(noise|incoming|linting|story\w*|wall\w*)|sentinel_site\.(demo\w*|dashboard|unfold|openapi|api|doctor\w*|server|slim)
    |(alerts|backups|devices|jobs|notifications)\.(admin|api\w*|views|\w+_views|urls|consumers|management)|sentinel_site\.urls)(\..+)?""",
    re.X,
)
"""What pages, REST, reports on paper and single transports need. A module that a program needs after all is loaded inside the function."""
KNOWN = {"sentinel_site.unfold"}
"""A table that the settings import."""


@pytest.fixture(scope="module")
def loaded():
    own = environment(DJANGO_SETTINGS_MODULE="sentinel_site.settings")
    command = [sys.executable, "-c", LOADED, *PROGRAMS]
    said = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=240, check=True)
    return dict(json.loads(line) for line in said.stdout.splitlines())


def test_the_server_loads_neither_http_2_nor_a_test_client_before_somebody_asks_for_them():
    own = environment(DJANGO_SETTINGS_MODULE="sentinel_site.settings")

    said = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, env=own, capture_output=True, text=True, timeout=120, check=True)

    assert said.stdout.splitlines() == ["[] True", "Client True"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_that_serves_no_page_loads_nothing_that_pages_need(loaded, program):
    """Each of them is loaded up to three times: a few MiB here are many on a small machine."""
    assert [name for name in loaded[program] if PAGES.fullmatch(name) and name not in KNOWN] == []


@pytest.mark.parametrize("program", ["watchdog", "monitor"])
def test_what_sends_no_mail_at_rest_loads_no_client_of_mail_services(loaded, program):
    assert {"requests", "urllib3", "anymail", "alerts.gemini"} & set(loaded[program]) == set()
