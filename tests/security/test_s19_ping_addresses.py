"""S19: who reads the log cannot ping in another's name."""

import logging

import pytest

from sentinel_site.logs import LineFormatter


@pytest.mark.parametrize("path", ["/ping/", "/p/", "/api/push/"])
@pytest.mark.parametrize("secret", ["0b8f0b5e-9d2e-4b7e-8a51-1d6f8f3f9c11", "k" * 32])
def test_the_address_of_a_ping_is_not_logged(path, secret):
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "Internal Server Error: %s", (f"{path}{secret}/fail",), None)

    assert LineFormatter().format(record).endswith(f"Internal Server Error: {path}[token]/fail")
