"""The OpenAPI document, taken at its word: whatever it allows or forbids, no answer is a 5xx, and every answer is documented."""

from contextlib import contextmanager

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import DatabaseError, close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from sentinel_site.api import api
from sentinel_site.models import ApiKey
from tests.callers import make_user
from tests.conftest import NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
schema = schemathesis.openapi.from_dict(api.get_openapi_schema())
schema.app = WSGIHandler()
schema.config.phases.coverage.enabled = False


@pytest.fixture
def headers():
    """A superuser's key, in a house where there is something of everything."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # the requests share the test's transaction
    make_recipient("Kim", groups=["oncall"])
    make_policy("Night")
    make_source("probe")
    make_source("sentinel")
    raise_alert(at=NOON)
    _, key = ApiKey.issue(user=make_user("root", is_superuser=True), name="schema")
    yield {"Authorization": f"Bearer {key}"}
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@contextmanager
def on_its_own():
    """What the database refused within is taken back, for it would refuse all that follows; what fails then says what that was."""
    refused = []

    def run(execute, *asked):
        try:
            return execute(*asked)
        except DatabaseError as error:
            refused.append(f"The database said {error!r} to {asked[0][:300]}")
            raise

    with transaction.atomic(), connection.execute_wrapper(run):
        try:
            yield
        except BaseException as error:
            error.add_note("\n".join(refused))
            raise
        transaction.set_rollback(bool(refused))


@schema.parametrize()
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_breaks_the_server(case, headers):
    with on_its_own():
        case.call_and_validate(headers=headers, checks=CHECKS)
