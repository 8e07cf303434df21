"""A home that was moved, copied or mounted elsewhere; one on paths that older versions wrote."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from perdura.flows.settings import Settings, keep
from perdura.models.registry.champion import load_champion
from perdura.models.registry.log_run import log_trained
from perdura.models.registry.mlflow_store import tracking_uri
from perdura.models.registry.store_paths import recorded_store, relocate
from perdura.models.registry.versions import BrokenChampion
from tests.support.made_up import NAMES, trained, training_set

FRAME = training_set().rows.select(NAMES).head(50)

# What 0.1 logged as the code of each version.
SERVED_BEFORE = '''
"""What MLflow runs to serve a registered model: its code, in place of a pickle."""

from pathlib import Path

import pandas as pd
import polars as pl
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from models.model import SERVED_FOLDER, ChurnModel


class ServedChurnModel(PythonModel):
    """The churn model behind MLflow's own interface."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the model from the registered version's artifacts."""
        self.model = ChurnModel.load(Path(context.artifacts[SERVED_FOLDER]))

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
        """One row per row of feature columns: ``risk``, ``risk_voluntary``, ``risk_payment``."""
        risks = self.model.predict(pl.from_pandas(model_input)).to_pandas()
        return risks.set_axis(model_input.index)


set_model(ServedChurnModel())
'''

NOTEBOOK = """
import sys
import mlflow, pandas
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/churn@champion")
print(model.predict(pandas.read_parquet(sys.argv[2])).to_json(orient="split"))
"""

CHAMPION = """
import sys
from pathlib import Path
from perdura.models.registry.champion import load_champion
print(load_champion(Path(sys.argv[1]))[1])
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one version, the champion. Copy it before anything else."""
    home = tmp_path_factory.mktemp("original") / "shop"
    assert log_trained(trained(), home) == "1"
    for code in (home / "mlruns").rglob("pyfunc.py"):
        code.rename(code.with_name("served.py")).write_text(SERVED_BEFORE, encoding="utf-8")
        described = code.parent.parent / "MLmodel"
        described = described if described.exists() else code.with_name("MLmodel")
        described.write_text(described.read_text().replace("pyfunc.py", "served.py"))
    return home


@pytest.fixture
def first(original: Path, tmp_path: Path) -> Path:
    """A home of this test's own, as if all of it had been written there."""
    home = shutil.copytree(original, tmp_path / "shop")
    for file in (home / "mlruns").rglob("MLmodel"):
        file.write_text(file.read_text().replace(f"{original}/", f"{home}/"), encoding="utf-8")
    database = home / "mlruns" / "mlflow.db"
    dump = _bytes(database).decode().replace(f"{original}/", f"{home}/")
    database.unlink()
    with closing(sqlite3.connect(database)) as made:
        made.executescript(dump)
    return home


def risks(home: Path) -> list[float]:
    return load_champion(home)[0].predict(FRAME)["risk"].to_list()


def another(home: Path) -> str:
    """Train once more; the same model again is no better, and so not promoted."""
    verdict = replace(trained().verdict, promoted=False, reasons=("Refused: for this test.",))
    return log_trained(replace(trained(), verdict=verdict), home)


def digest(home: Path) -> dict[str, str]:
    """Every file of a folder, and what is in it."""
    files = (path for path in home.rglob("*") if path.is_file())
    return {str(file): sha256(file.read_bytes()).hexdigest() for file in files}


def texts_with(home: Path, folder: Path) -> list[str]:
    """Files of a home in which a path below the folder stands."""
    files = (path for path in home.rglob("*") if path.is_file())
    return [str(file) for file in files if f"{folder}/".encode() in _bytes(file)]


def _bytes(file: Path) -> bytes:
    if file.suffix != ".db":
        return file.read_bytes()
    with closing(sqlite3.connect(file)) as database:  # without the pages that it has given up
        return "\n".join(database.iterdump()).encode()


def change(home: Path, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(home / "mlruns" / "mlflow.db")) as database:
        database.execute(statement, values)
        database.commit()


def notebook(home: Path, folder: Path) -> list[float]:
    """What MLflow alone says of the rows, in a process that has nothing of ours open."""
    FRAME.write_parquet(folder / "rows.parquet")
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK, tracking_uri(home), folder / "rows.parquet"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [row[0] for row in pl.read_json(done.stdout.encode()).row(0, named=True)["data"]]


@pytest.mark.parametrize("name", ["shop2", "sho", "a shop, 100% ñ's"])
def test_a_moved_home_scores_trains_and_serves(first: Path, tmp_path: Path, name: str) -> None:
    before, moved = risks(first), Path(shutil.move(first, tmp_path / "elsewhere" / name))
    assert risks(moved) == before
    assert another(moved) == "2"
    assert notebook(moved, tmp_path) == pytest.approx(before)
    assert not first.exists()
    assert texts_with(moved, first) == []


def test_a_copy_neither_reads_nor_writes_the_original(first: Path, tmp_path: Path) -> None:
    before, copy = risks(first), shutil.copytree(first, tmp_path / "copy")
    for file in (path for path in first.rglob("*") if path.is_file()):
        file.write_bytes(b"ruined: whoever reads this fails")
    ruin = digest(first)
    assert risks(copy) == before
    assert another(copy) == "2"
    assert notebook(copy, tmp_path) == pytest.approx(before)
    assert digest(first) == ruin
    assert texts_with(copy, first) == []


def test_a_home_that_is_mounted_read_only_scores(first: Path, tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    inside = (
        f"mount --bind '{first}' '{mounted}' && mount -o remount,bind,ro '{mounted}' && "
        f"! touch '{mounted}/written' 2>/dev/null && mv '{first}' '{first}-gone' && "
        f"exec '{sys.executable}' -c '{CHAMPION}' '{mounted}'"
    )
    alone = ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    done = subprocess.run([*alone, "sh", "-c", inside], check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_home_under_a_second_name_is_left_alone(first: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(first)
    expected = risks(first)  # which renews the code of versions of before, once
    before = digest(first)
    assert risks(link) == expected
    assert digest(first) == before


def test_a_move_that_stops_in_the_middle_changes_no_path(first: Path, tmp_path: Path) -> None:
    moved = Path(shutil.move(first, tmp_path / "moved"))
    stop = "CREATE TRIGGER stop BEFORE UPDATE ON model_versions BEGIN SELECT RAISE(ABORT, 'x'); END"
    change(moved, stop)
    with pytest.raises(sqlite3.IntegrityError):
        relocate(moved)
    assert recorded_store(moved) == first / "mlruns"
    change(moved, "DROP TRIGGER stop")
    relocate(moved)
    assert recorded_store(moved) == moved / "mlruns"
    assert load_champion(moved)[1] == "1"


def shop(home: Path, settings: str) -> Settings:
    (home / "perdura.toml").write_text(settings, encoding="utf-8")
    return Settings.at(home)


def test_paths_in_a_settings_file_are_relative_to_its_folder(tmp_path: Path) -> None:
    told = shop(tmp_path, 'mapping = "my.toml"\nactions = "/etc/actions.toml"\n')
    assert (told.mapping, told.support.actions) == (tmp_path / "my.toml", Path("/etc/actions.toml"))


def test_a_mapping_in_the_home_is_kept_relative_so_that_it_moves_along(tmp_path: Path) -> None:
    home = tmp_path / "home"
    keep(Settings.at(home), home / "company" / "my.toml", {})
    moved = Path(shutil.move(home, tmp_path / "moved"))
    assert Settings.at(moved).mapping == tmp_path / "moved" / "company" / "my.toml"


@pytest.mark.parametrize("name", ["copy", 'a "copy" \\ ñ'])
def test_paths_that_older_versions_wrote_follow_a_copied_home(
    first: Path, tmp_path: Path, name: str
) -> None:
    table = f"sqlite:///{first}/data/other.db"
    shop(first, f'mapping = "{first}/company/my.toml"  # ours\nrisk_url = "{table}"\n')
    copy = shutil.copytree(first, tmp_path / name)
    wanted = (copy / "company" / "my.toml", f"sqlite:///{copy}/data/other.db")
    before = Settings.at(copy)
    assert (before.mapping, before.risk_url) == wanted
    load_champion(copy)  # from now on the store no longer knows where it was
    after = Settings.at(copy)
    assert (after.mapping, after.risk_url) == wanted
    assert "# ours" in (copy / "perdura.toml").read_text(encoding="utf-8")
    assert Settings.at(first).mapping == first / "company" / "my.toml"


@pytest.mark.parametrize("place", ["/etc/models/m-1/artifacts", "{home}/mlruns/../../secret"])
def test_files_outside_of_the_home_are_never_read(first: Path, place: str) -> None:
    change(first, "UPDATE model_versions SET storage_location = ?", place.format(home=first))
    with pytest.raises(BrokenChampion, match="nothing outside of a home is read"):
        load_champion(first)
