"""Perdura beside folders of a user's own that are called models, features and flows."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]

CODE = """
import features, flows, models
from perdura.features.catalogue import FEATURES
from perdura.models.params import TrainingParams
assert (features.MINE, flows.MINE, models.MINE) == (1, 1, 1)
import perdura.features
print(len(FEATURES) > 0, TrainingParams().horizon_days, perdura.features.__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist as an index would, and unpacked where pip would put it."""
    made = tmp_path_factory.mktemp("wheel")
    build([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(made)], ROOT)
    subprocess.run(["tar", "xzf", str(next(made.glob("*.tar.gz"))), "-C", str(made)], check=True)
    folder = next(path for path in made.iterdir() if path.is_dir())
    build([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(made)], folder)
    with zipfile.ZipFile(next(made.glob("*.whl"))) as archive:
        archive.extractall(made / "site")
    return made / "site"


def build(words: list[str], folder: Path) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder with packages and a module of their own."""
    for name in ("models", "features"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("MINE = 1\n")
    (tmp_path / "flows.py").write_text("MINE = 1\n")
    return tmp_path


def said(folder: Path, site: Path | None) -> str:
    """What the code prints there; ``None``: Perdura as it is installed here, from the checkout."""
    done = run(CODE, folder, site)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(code: str, folder: Path, site: Path | None) -> subprocess.CompletedProcess[str]:
    """The code in a user's folder; ``None``: Perdura as it is installed here."""
    env = os.environ | ({} if site is None else {"PYTHONPATH": str(site)})
    words = [sys.executable, "-c", code]
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_from_the_checkout(folder: Path) -> None:
    assert said(folder, ROOT).startswith("True 30 ")


def test_as_it_is_installed_for_development(folder: Path) -> None:
    assert said(folder, None).startswith("True 30 ")


@pytest.mark.parametrize("site", [ROOT, None], ids=["checkout", "installed for development"])
def test_a_folder_of_ones_own_without_init_is_imported_too(tmp_path: Path, site: Path | None):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.py").write_text("MINE = 1\n")
    code = "import perdura.models; from models.mine import MINE; assert MINE == 1"
    assert run(code, tmp_path, site).returncode == 0


def test_a_flat_import_of_ours_says_what_to_write(tmp_path: Path):
    done = run("from models.table import fit_table", tmp_path, ROOT)
    assert done.returncode == 1
    assert "write `import perdura.models` or `from perdura.models import ...`" in done.stderr


def test_from_the_wheel(folder: Path, wheel: Path) -> None:
    assert said(folder, wheel).strip() == f"True 30 {wheel}/perdura/features/__init__.py"


def test_the_wheel_holds_one_package_with_its_data_and_licence(wheel: Path) -> None:
    assert {path.name for path in wheel.iterdir() if "dist-info" not in path.name} == {"perdura"}
    data = (
        "models/scoring/actions.toml",
        "sources/connectors/intercom/mapping.toml",
        "sources/connectors/recurly/mapping.toml",
        "risk/desk/templates/base.html",
        "risk/desk/locale/en/LC_MESSAGES/desk.po",
        "risk/desk/locale/es/LC_MESSAGES/desk.po",
    )
    for name in data:
        assert (wheel / "perdura" / name).exists(), name
    assert next(wheel.glob("*.dist-info/licenses/LICENSE")).read_text().startswith("MIT License")


def test_in_a_notebook_beside_them(folder: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)])
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    # As a user's kernel: the folder it is in comes first.
    client.execute(env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"})
    assert notebook.cells[0].outputs[0]["text"].startswith("True 30 ")
