"""Sentinel's settings with Django's own admin in place of ours: what the list of alerts is measured against."""

from sentinel_site.settings import *  # noqa: F403
from sentinel_site.settings import INSTALLED_APPS as _APPS
from sentinel_site.settings import TEMPLATES as _TEMPLATES

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig" if app == "django.contrib.admin" else app for app in _APPS if not app.startswith("unfold")
]
TEMPLATES = [{**_TEMPLATES[0], "DIRS": []}]
ROOT_URLCONF = "bench.stock_urls"
