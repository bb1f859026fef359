"""Loads what the web server is made of without the parts that libraries bring along and it never uses: some 5 MiB. Import it first.

Whoever asks for one of those parts later gets it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec, module_from_spec


@contextmanager
def without(name: str) -> Iterator[None]:
    """Within, ``name`` cannot be imported, as if it were not installed; unless it was before."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


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


with without("h2"):  # HTTP/2 is spoken over TLS alone, which is the business of whoever stands in front
    import_module("daphne.server")  # it installs Twisted's reactor, which must come first
part("django.test", "signals")  # ninja listens to it; the rest is for tests
