"""Runs that fail leave nobody's data in Prefect: not in its storage, database or logs."""

import ast
import base64
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from perdura.flows.configuration.groups import RiskTableSettings
from perdura.flows.runtime.without_rows import StepFailed, without_rows
from perdura.flows.settings import Settings
from perdura.flows.steps.score_parts import score_parts
from perdura.models.dataset.split import NotEnoughChurn

PLANTED = "anna.planted@example.com"
_ENCODED = re.compile(rb"(?:[A-Za-z0-9+/]{4}|\n)*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\n*")

# Each way of failing that was found to hold rows, in a task of a flow, as a library would raise it.
FAILING = """
import sys
import polars as pl, sqlalchemy as sa
from perdura.flows.orchestration.private_runs import private_flow, private_task
from perdura.risk.publish.score_contract import bad_example
from perdura.sources.mapping.mapping import BadMapping

NAME = "anna.planted@example.com"

def database():
    table = sa.table("scores", sa.column("subscriber_id"), sa.column("paid"))
    with sa.create_engine("sqlite://").begin() as connection:
        connection.exec_driver_sql("CREATE TABLE scores (subscriber_id TEXT UNIQUE, paid REAL)")
        rows = [{"subscriber_id": NAME, "paid": 9.5}] * 2
        connection.execute(sa.insert(table), rows)

def library():
    pl.DataFrame({"paid": [NAME]}).cast(pl.Int64)

def ours():
    raise bad_example("1 score with a risk outside [0, 1]", 7.5, NAME)

def chained():
    try:
        library()
    except Exception as error:
        raise BadMapping("the mapping fits no file") from error

def several():
    raise ExceptionGroup("2 help desks not told", [KeyError(NAME), ValueError(NAME)])

def carrying():
    error = BadMapping("the mapping fits no file")
    error.rows = [{"subscriber_id": NAME}]
    error.add_note(NAME)
    raise error

failed = 0
for function in (database, library, ours, chained, several, carrying):
    step = private_task(function, function.__name__)
    in_task = private_flow("in-task")(lambda: step())
    in_flow = private_flow("in-flow")(function)
    for run in (in_task, in_flow):
        try:
            run()
        except Exception as error:
            print(type(error).__name__, error, file=sys.stderr)
            failed += 1
print(failed)
"""


def left_in(folder: Path, wanted: str) -> list[str]:
    """Files in which a pattern stands, as it is or in what Prefect has encoded in them."""
    found = re.compile(wanted.encode())
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(file) for file in files if found.search(_plain(file.read_bytes()))]


def _plain(content: bytes) -> bytes:
    """With what Prefect pickles, which it writes in base64."""
    return content + base64.decodebytes(content) if _ENCODED.fullmatch(content) else content


@pytest.fixture
def logging_server(prefect_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of Prefect for a process that logs as the schedule does."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "INFO")
    monkeypatch.setenv("PREFECT_LOGGING_TO_API_ENABLED", "true")
    return tmp_path / "prefect"


def test_no_failure_leaves_a_row_in_storage_database_logs_or_output(
    prefect_folder: Path, logging_server: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAILING], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "12"
    assert "BadScores" in done.stderr
    assert list((logging_server / "storage").iterdir())  # Prefect did keep what the flows raised
    assert left_in(logging_server, PLANTED) == []
    assert left_in(prefect_folder, "2 help desks not told") != []
    assert left_in(prefect_folder, PLANTED) == []
    assert PLANTED not in done.stdout + done.stderr


def test_the_password_of_the_risk_table_is_no_parameter_of_a_run(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path, risk_table=RiskTableSettings(url="postgresql://ann:secret@db/risk")
    )
    told = score_parts.recorded.serialize_parameters({"settings": settings})
    assert "postgresql://ann:***@db/risk" in str(told)
    assert "secret" not in str(told)
    assert pickle.loads(pickle.dumps(settings)).risk_url == settings.risk_url  # noqa: S301 - ours


def test_every_flow_and_task_is_a_private_one() -> None:
    made = {name for name in _names_imported("prefect") if name in ("flow", "task")}
    assert made == set()


def _names_imported(package: str) -> set[str]:
    """What the modules of flows import from a package, but for the one that wraps it."""
    files = [file for file in Path("flows").rglob("*.py") if file.name != "private_runs.py"]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    return {
        name.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == package
        for name in node.names
    }


def test_the_error_of_a_library_says_where_it_arose_and_nothing_of_rows() -> None:
    with pytest.raises(StepFailed, match=r"ValueError outside of our code: what it says is left"):
        without_rows(lambda: int(PLANTED))()


def test_an_error_of_ours_stays_what_it_is() -> None:
    def train() -> None:
        raise NotEnoughChurn("two of them left") from KeyError(PLANTED)

    with pytest.raises(NotEnoughChurn, match="two of them left") as caught:
        without_rows(train)()
    assert caught.value.__cause__ is None


def test_what_databases_say_of_connections_is_kept_and_of_values_is_not(postgres_url: str) -> None:
    def ask(url: str, statement: str) -> str:
        with pytest.raises(StepFailed) as caught:
            without_rows(lambda: _run(url, statement))()
        return str(caught.value)

    gone = ask("postgresql+psycopg://ann:secret@127.0.0.1:9/risk", "SELECT 1")
    assert "127.0.0.1" in gone
    assert "secret" not in gone
    url = postgres_url.replace("postgresql://", "postgresql+psycopg://")
    assert PLANTED not in ask(url, f"SELECT CAST('{PLANTED}' AS int)")
    assert 'relation "nowhere" does not exist' in ask(url, "SELECT * FROM nowhere")
    with pytest.raises(IntegrityError):
        _run("sqlite://", "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1), (1)")


def _run(url: str, statements: str) -> None:
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        for statement in statements.split("; "):
            connection.exec_driver_sql(statement)
