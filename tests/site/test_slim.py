"""Parts of libraries that the web server never uses, and that are not loaded with it."""

import subprocess
import sys

from tests.web import ROOT, environment

CODE = """
import sys
import sentinel_site.server
print(sorted({"django.test", "h2", "unittest.mock"} & set(sys.modules)), "django.test.signals" in sys.modules)
import h2
from django.test import Client, signals
print(Client.__name__, signals is sys.modules["django.test.signals"])
"""


def test_the_server_loads_neither_http_2_nor_a_test_client_before_somebody_asks_for_them():
    own = environment(DJANGO_SETTINGS_MODULE="sentinel_site.settings")

    said = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, env=own, capture_output=True, text=True, timeout=120, check=True)

    assert said.stdout.splitlines() == ["[] True", "Client True"]
