"""The plain builder answers as the definitions say, where the compiled one has to agree."""

import pytest

from perdura.features.build import build_features
from perdura.features.definition import Over
from perdura.features.engine import reference
from perdura.sources.events import PAYMENTS, TICKETS, EventTable
from tests.support.measured import a_feature
from tests.support.tables import events, spine

BUILDERS = [build_features, reference.build_features]


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("table", "column", "value"),
    [(PAYMENTS, "amount", 5), (PAYMENTS, "method", "card"), (TICKETS, "hours", 2.5)],
)
def test_a_count_of_a_column_is_of_the_rows_in_which_it_is_not_null(
    build, table: EventTable, column: str, value: object
) -> None:
    named = a_feature(table, Over("count", column), windows=(30,), when_empty=0)
    kind = table.kinds[0]
    rows = [
        {"happened_at": "2026-02-10", "kind": kind, column: value},
        {"happened_at": "2026-02-11", "kind": kind, column: value},
        {"happened_at": "2026-02-12", "kind": kind},
        {"happened_at": "2026-02-13", "kind": kind, "subscriber_id": "bob"},
    ]
    pairs = spine(("ann", "2026-03-01"), ("bob", "2026-03-01"))
    built = build(events(**{table.name: rows}), [named], pairs)
    assert built["x_30d"].to_list() == [2, 0]
