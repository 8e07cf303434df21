"""What MLflow keeps: runs, versions, the champion; and a model that any notebook can load."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import mlflow
import pandas as pd
import polars as pl
import pytest
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from perdura.models.registry.champion import NoChampion, load_champion
from perdura.models.registry.log_run import log_trained
from perdura.models.registry.mlflow_store import tracking_uri
from tests.support.made_up import NAMES, trained, training_set

# Here MLflow is asked directly, as its own page and other people's notebooks do.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]

FRAME = training_set().rows.select(NAMES).head(50)

# A refused model, then one that reigns, then a refused challenger, each with its own version.
THREE_WEEKS = """
import sys
from dataclasses import replace
from pathlib import Path
from perdura.models.promotion.decision import Verdict
from perdura.models.registry.champion import NoChampion, load_champion
from perdura.models.registry.log_run import log_trained
from tests.support.made_up import trained

home = Path(sys.argv[1])
refused = replace(trained(), verdict=Verdict(promoted=False, reasons=("Refused: for this test.",)))
assert log_trained(refused, home) == "1"
try:
    load_champion(home)
except NoChampion:
    assert log_trained(trained(), home) == "2"
assert log_trained(refused, home) == "3"
assert load_champion(home)[1] == "2"
"""


@dataclass(frozen=True)
class Store:
    home: Path
    client: mlflow.MlflowClient
    said: str

    @property
    def run(self) -> Run:
        return self.client.get_run(self.client.get_model_version("churn", "2").run_id or "")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """What three weeks of training leave behind, and what they said on the way."""
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [sys.executable, "-c", THREE_WEEKS, home],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Store(home, mlflow.MlflowClient(tracking_uri(home)), done.stdout + done.stderr)


def test_warnings_and_logs_of_libraries_do_not_reach_the_user(store):
    assert store.said == ""


def test_before_anything_was_trained_there_is_no_champion_and_the_error_says_what_to_run(tmp_path):
    with pytest.raises(NoChampion, match=r"no model has been promoted.*perdura train"):
        load_champion(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def copied(store: Store, tmp_path: Path) -> Store:
    """A copy of the store, to be changed."""
    shutil.copytree(store.home / "mlruns", tmp_path / "mlruns")
    return Store(tmp_path, mlflow.MlflowClient(tracking_uri(tmp_path)), "")


def change(store: Store, statement: str) -> None:
    with closing(sqlite3.connect(store.home / "mlruns" / "mlflow.db")) as database:
        database.execute(statement)
        database.commit()


def tags_of(store: Store, number: str) -> dict[str, str]:
    return store.client.get_model_version("churn", number).tags


def test_a_registry_that_fails_is_not_taken_for_one_where_nobody_reigns(copied):
    change(copied, "alter table registered_models rename column name to lost")
    for ask in (load_champion, partial(log_trained, trained())):
        with pytest.raises(MlflowException, match="no such column"):
            ask(copied.home)


def test_where_models_are_registered_and_none_was_promoted_nobody_reigns(copied):
    copied.client.delete_registered_model_alias("churn", "champion")
    with pytest.raises(NoChampion):
        load_champion(copied.home)


def test_a_model_that_beat_who_reigns_is_crowned_and_then_says_so(copied):
    assert log_trained(replace(trained(), previous_champion=trained().model), copied.home) == "4"
    assert load_champion(copied.home)[1] == "4"
    assert tags_of(copied, "4")["promoted"] == "true"


def test_the_version_that_was_champion_at_a_moment_is_found_again(copied):
    promoted = datetime.fromisoformat(tags_of(copied, "2")["promoted_at"])
    assert log_trained(replace(trained(), previous_champion=trained().model), copied.home) == "4"
    now = datetime.now(UTC)
    with pytest.raises(NoChampion, match="no model had been promoted by then"):  # refused ones only
        load_champion(copied.home, when=promoted - timedelta(seconds=1))
    assert load_champion(copied.home, when=promoted)[1] == "2"
    assert load_champion(copied.home, when=now)[1] == "4"
    # Versions of before the tag count from their registration.
    change(copied, "delete from model_version_tags where key = 'promoted_at'")
    assert load_champion(copied.home, when=promoted + timedelta(seconds=1))[1] == "2"


def test_a_model_that_beat_another_than_who_reigns_by_now_is_not_crowned(copied):
    better = replace(trained().model, payment_share=0.123)
    for previous_champion in (replace(better, payment_share=0.456), None):
        late = replace(trained(), model=better, previous_champion=previous_champion)
        number = log_trained(late, copied.home)
        assert load_champion(copied.home)[1] == "2"
        assert tags_of(copied, number)["promoted"] == "false"
        assert (
            "Not promoted after all: version 2 is the champion by now"
            in tags_of(copied, number)["verdict"]
        )


def test_a_run_that_breaks_off_before_the_crown_leaves_no_version_that_says_it_was_promoted(copied):
    change(
        copied,
        "create trigger stop before insert on registered_model_aliases "
        "begin select raise(abort, 'power cut'); end",
    )
    change(
        copied,
        "create trigger stop_too before update on registered_model_aliases "
        "begin select raise(abort, 'power cut'); end",
    )
    with pytest.raises(MlflowException, match="power cut"):
        log_trained(replace(trained(), previous_champion=trained().model), copied.home)
    assert tags_of(copied, "4")["promoted"] == "false"
    run = copied.client.get_run(copied.client.get_model_version("churn", "4").run_id or "")
    assert run.data.tags["promoted"] == "false"


def test_only_the_promoted_reigns_and_a_refused_challenger_leaves_it_in_place(store):
    assert store.client.get_model_version_by_alias("churn", "champion").version == 2
    assert load_champion(store.home) == (trained().model, "2")


def test_every_version_is_tagged_with_its_verdict(store):
    tags = [store.client.get_model_version("churn", str(version)).tags for version in (1, 2, 3)]
    assert [tag["promoted"] for tag in tags] == ["false", "true", "false"]
    assert tags[2]["verdict"] == "Refused: for this test."


def test_parameters_metrics_and_data_are_logged(store):
    data, said = store.run.data, trained()
    assert data.params["horizon_days"] == "30"
    assert data.params["booster.learning_rate"] == "0.1"
    assert data.params["data.digest"] == said.fingerprint.digest
    assert data.metrics["roc_auc"] == pytest.approx(said.metrics_by_model["model"].roc_auc)
    assert said.expansion.metrics is not None
    assert data.metrics["expansion.roc_auc"] == pytest.approx(said.expansion.metrics.roc_auc)
    assert data.metrics["logistic.roc_auc"] == pytest.approx(
        said.metrics_by_model["logistic"].roc_auc
    )
    assert store.run.info.status == "FINISHED"


def test_card_tables_and_pictures_are_logged(store):
    names = sorted(file.path for file in store.client.list_artifacts(store.run.info.run_id))
    assert names == [
        "calibration.png",
        "card.html",
        "card.md",
        "gain.png",
        "groups.csv",
        "importance.csv",
        "importance.png",
        "payment.png",
        "voluntary.png",
    ]


def test_the_card_says_what_how_well_and_why(store):
    card = (Path(store.run.info.artifact_uri or "") / "card.md").read_text()
    assert "probability that a subscriber decides to leave" in card
    assert "| logistic |" in card
    assert "Promoted: it meets every minimum" in card
    assert "| payment_failures |" in card


def test_nothing_is_pickled_and_no_subscriber_is_in_what_is_kept(store):
    kept = [path for path in (store.home / "mlruns").rglob("*") if path.is_file()]
    kinds = {path.suffix for path in kept}
    assert kinds == {".db", ".png", ".md", ".html", ".csv", ".txt", ".json", ".py", ".yaml", ""}
    assert {path.name for path in kept if not path.suffix} <= {"MLmodel", "registered_model_meta"}
    assert not any(b"s00001" in path.read_bytes() for path in kept)


NOTEBOOK = """
import sys
import mlflow, pandas
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/churn@champion")
print(model.predict(pandas.read_parquet(sys.argv[2])).to_json(orient="split"))
"""


def test_a_notebook_anywhere_loads_the_champion_and_predicts(store, tmp_path):
    FRAME.write_parquet(tmp_path / "rows.parquet")
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK, tracking_uri(store.home), tmp_path / "rows.parquet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    said = pl.read_json(done.stdout.encode()).row(0, named=True)
    risks = trained().model.predict(FRAME)
    assert said["columns"] == risks.columns
    assert [row[0] for row in said["data"]] == pytest.approx(risks["risk"].to_list())


def test_the_served_model_refuses_what_the_model_refuses(store):
    mlflow.set_tracking_uri(tracking_uri(store.home))
    served = mlflow.pyfunc.load_model("models:/churn@champion")
    frame: pd.DataFrame = FRAME.to_pandas()
    for wrong in (
        frame.drop(columns="csat"),
        frame.assign(usage_30d=1.0),
    ):
        with pytest.raises(ValueError, match=r"perdura train"):
            served.predict(wrong)


def test_the_served_model_reads_a_text_it_has_never_seen_as_an_unknown_one(store):
    mlflow.set_tracking_uri(tracking_uri(store.home))
    served = mlflow.pyfunc.load_model("models:/churn@champion")
    frame: pd.DataFrame = FRAME.to_pandas()
    new, unknown = (served.predict(frame.assign(plan=plan)) for plan in ("gold", None))
    assert new.equals(unknown)
