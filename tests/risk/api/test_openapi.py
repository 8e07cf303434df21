"""The OpenAPI document and the API agree, and nothing that it allows brings the API down."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from perdura.risk.api.app import ApiSettings, app_of
from tests.risk.test_table import MARCH_1, put, score, scores
from tests.support.api_served import at_work, token
from tests.support.postgres import Server

CHECKS = [
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
    content_type_conformance,
]
OPERATIONS = (
    ("GET", "/v1/health"),
    ("GET", "/v1/freshness"),
    ("GET", "/v1/audit"),
    ("GET", "/v1/current"),
    ("GET", "/v1/accounts"),
    ("GET", "/v1/moves"),
    ("GET", "/v1/export"),
    ("GET", "/v1/subscribers/{subscriber_id}"),
    ("POST", "/v1/contacts"),
    ("POST", "/v1/contacts/{contact_id}/undo"),
)


@pytest.fixture(scope="module")
def api(postgres: Server) -> Iterator[tuple[str, dict[str, str]]]:
    """Where it answers, and the header with a token for everything.

    On PostgreSQL, which takes fewer texts and numbers than SQLite does.
    """
    with postgres.database() as url, _served(url) as (base, held):
        yield base, held


@contextmanager
def _served(url: str) -> Iterator[tuple[str, dict[str, str]]]:
    put(scores(score("sub_0042", 0.3), score("bob", 0.2)), url, MARCH_1)
    held = {"Authorization": f"Bearer {token(url, 'read', 'contact', 'admin')}"}
    with at_work(app_of(ApiSettings(url=url, per_second=1e6, burst=10**6))) as base:
        yield base, held


@pytest.fixture(scope="module")
def schema(api):
    return schemathesis.openapi.from_url(f"{api[0]}/v1/openapi.json")


def test_all_operations_are_tried(schema):
    there = {(o.method.upper(), o.path) for o in (r.ok() for r in schema.get_all_operations())}
    assert there == set(OPERATIONS)


MODES = [
    (*operation, mode)
    for operation in OPERATIONS
    for mode in schemathesis.GenerationMode
    # There is nothing to get wrong where nothing can be asked.
    if mode.is_positive or operation[1] not in ("/v1/health", "/v1/freshness")
]


@pytest.mark.parametrize(("method", "path", "mode"), MODES)
def test_whatever_is_asked_is_answered_as_documented(api, schema, method, path, mode):
    base, held = api

    @settings(
        max_examples=12,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def asked(case):
        told = case.call(base_url=base, headers=held)
        case.validate_response(told, checks=CHECKS)

    asked()
