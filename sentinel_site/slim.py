"""Loads what the web server is made of without the parts that libraries bring along and it never uses: some 10 MiB. Import it first.

Whoever asks for one of those parts later gets it.
"""

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Final

from sentinel_site.lib.absent import absent

UNUSED: Final = ("h2", "OpenSSL", "click")
"""HTTP/2 and TLS are the business of whoever stands in front; the third is for a library's own commands."""


def part(package: str, name: str) -> None:
    """Import the module ``name`` of ``package`` without what the package itself would import."""
    spec = find_spec(package)
    if package in sys.modules or spec is None:
        return
    sys.modules[package] = module_from_spec(spec)
    try:
        import_module(f"{package}.{name}")
    finally:
        del sys.modules[package]


with absent(*UNUSED):
    import_module("daphne.server")  # it installs Twisted's reactor, which must come first
part("django.test", "signals")  # ninja listens to it; the rest is for tests
