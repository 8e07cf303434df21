"""A column of the risk table is declared once: all that shows it is made from the declaration."""

import io
from datetime import UTC, datetime

import pytest

from perdura.risk.api.shapes import EXAMPLE, Current
from perdura.risk.integrations.csv_file import write_csv
from perdura.risk.integrations.mcp_answers import PersonAnswer
from perdura.risk.publish.score_contract import OPTIONAL, REQUIRED
from perdura.risk.query.export import export
from perdura.risk.query.list_query import ListQuery
from perdura.risk.query.queries import published_night
from perdura.risk.schema.risk_columns import RISK_COLUMNS
from perdura.risk.schema.tables import RISK
from perdura.risk.schema.views import CURRENT
from perdura.risk.store.connect import reading
from tests.risk.test_table import put, score, scores

NAMES = [declared.name for declared in RISK_COLUMNS]
TODAY = datetime.now(UTC).date()


@pytest.mark.parametrize("declared", RISK_COLUMNS, ids=NAMES)
def test_a_column_is_in_schema_view_and_api_as_declared(declared):
    column = RISK.c[declared.name]
    assert (column.comment, column.nullable) == (declared.meaning, declared.nullable)
    assert declared.name in CURRENT.c
    field = Current.model_fields[declared.name]
    assert field.description
    assert (type(None) in getattr(field.annotation, "__args__", ())) == declared.nullable
    assert EXAMPLE[declared.name] == declared.example


def test_scores_hold_the_columns_that_are_given():
    given = {declared.name: declared.given for declared in RISK_COLUMNS if declared.given}
    assert given == dict.fromkeys(REQUIRED, "required") | dict.fromkeys(OPTIONAL, "optional")


def test_assistants_get_the_columns_for_them_and_what_they_mean():
    shown = {declared.name for declared in RISK_COLUMNS if declared.assistant}
    assert set(PersonAnswer.model_fields) == shown | {"state"}
    assert all(field.description for field in PersonAnswer.model_fields.values())


def test_every_column_is_in_exports_and_in_the_csv_for_other_tools(tmp_path):
    url = f"sqlite:///{tmp_path}/risk.db"
    put(scores(score("ann", 0.5)), url, TODAY)
    pushed = io.StringIO()
    write_csv(url, pushed)
    with reading(url) as connection:
        night = published_night(connection)
        pieces = export(connection, night, ListQuery(), "csv")
        exported = b"".join(pieces).decode().splitlines()[0].split(",")
    assert set(NAMES) <= set(exported)
    assert set(NAMES) <= set(pushed.getvalue().splitlines()[0].split(","))
