"""The targets of the Makefile in a fresh clone: those that install are printed, others are run."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.report.page import write_results

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
(_PHONY,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
TARGETS = _PHONY.split()
REQUIREMENTS = {
    ".venv-peers": "benchmarks/requirements.txt",
    ".venv-older": "benchmarks/requirements-older.txt",
    ".venv-quality": "benchmarks/requirements-quality.txt",
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the files that rules depend on, and nothing installed."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml", *REQUIREMENTS.values()):
        copy = tmp_path / name
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, copy)
    return tmp_path


def make(folder: Path, *words: str) -> str:
    """What make prints."""
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_every_target_without_a_file_is_phony():
    named = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
    assert named == set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_runs_modules_scripts_and_files_that_exist(clone: Path, target: str):
    commands = make(clone, "-n", target)
    assert [name for name in _modules(commands) if not find_spec(name)] == []
    files = re.findall(r"(?:-r|bin/python) ([\w./-]+\.(?:lock|txt|py))", commands)
    assert [name for name in files if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("target", sorted({*TARGETS} - {"lock", "clean"}))
def test_a_target_installs_the_lock_first_and_checks_its_hashes(clone: Path, target: str):
    installs = re.findall(r"pip install(.*?)(?:2>|\n(?!\s))", make(clone, "-n", target), re.DOTALL)
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert "--no-deps" in installs[1]
    assert "--no-build-isolation -e ." in installs[1]


def test_a_target_installs_nothing_twice(clone: Path):
    (clone / ".venv").mkdir()
    (clone / ".venv" / ".ready").touch()
    assert "pip install" not in make(clone, "-n", "test")


@pytest.mark.parametrize(
    ("target", "folders"),
    [
        ("bench-peers", (".venv-peers", ".venv-older")),
        ("bench", (".venv-peers", ".venv-older")),
        ("bench-full", (".venv-peers", ".venv-older")),
        ("bench-quality", (".venv-quality",)),
    ],
)
def test_each_environment_of_other_tools_takes_its_own_requirements(
    clone: Path, target: str, folders: tuple[str, ...]
):
    commands = make(clone, "-n", target).replace("\\\n", " ")
    taken = re.findall(r"(\.venv-\w+)/bin/python -m pip install .* -r (\S+)", commands)
    assert taken == [(folder, REQUIREMENTS[folder]) for folder in folders]
    assert all((ROOT / name).read_text(encoding="utf-8").strip() for _, name in taken)


def test_test_checks_the_code_installs_what_tests_need_and_runs_them(clone: Path):
    commands = make(clone, "-n", "test")
    steps = ["ruff check", "ruff format --check", "basedpyright", "lint-imports"]
    steps += ["tests.debian.browser", "tests.debian.pgbouncer", "tests.debian.faked_clock"]
    places = [commands.index(step) for step in [*steps, 'pytest -m "not soak" -n 3']]
    assert places == sorted(places)


def test_clean_removes_what_was_installed_and_made_and_nothing_else(clone: Path):
    for made in (".venv", *REQUIREMENTS, "data/landing", "mlruns/1/models"):
        (clone / made).mkdir(parents=True)
    for name in ("perdura.toml", "mlruns/mlflow.db", "mlruns/README.md", "README.md"):
        (clone / name).touch()
    make(clone, "clean")
    kept = {str(path.relative_to(clone)) for path in clone.rglob("*") if path.is_file()}
    assert kept == {
        "Makefile",
        "README.md",
        "mlruns/README.md",
        "pyproject.toml",
        "requirements.lock",
        *REQUIREMENTS.values(),
    }


def test_bench_measures_and_reports_at_the_smallest_sizes(tmp_path: Path):
    results = tmp_path / "results"
    words = ["smallest", "--alone", "--data", tmp_path / "data", "--results", results]
    words += ["features", "startup", "stripe"]
    subprocess.run([sys.executable, "-m", "benchmarks", *words], check=True, cwd=ROOT)
    report = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert "### Training features of 500 subscribers" in report
    assert re.search(r"^\| Perdura \| \d+\.\d \| \d+\.\d \|", report, re.MULTILINE)
    assert re.search(r"^\| perdura risk \| \d+\.\d\d \| \d+\.\d\d \|", report, re.MULTILINE)
    assert "lands 1,845 events" in report
    assert re.search(r"^\| scan_ndjson, lists in schema \| \d+\.\d \|", report, re.MULTILINE)
    assert not (tmp_path / "data").exists()


def test_the_report_is_that_of_the_results_that_are_kept(tmp_path: Path):
    shutil.copytree(ROOT / "benchmarks" / "results", tmp_path / "results")
    write_results(tmp_path / "results")
    kept = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    assert (tmp_path / "RESULTS.md").read_text(encoding="utf-8") == kept


def test_every_module_that_a_benchmark_runs_exists():
    for path in (ROOT / "benchmarks").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        named = {*_modules(text), *re.findall(r'"(benchmarks\.[\w.]+)[:"]', text)}
        assert [name for name in named if not find_spec(name)] == [], path


def _modules(text: str) -> list[str]:
    """The modules named after ``-m`` in commands or in lists of words."""
    return re.findall(r"-m[\s\",]+((?:perdura|benchmarks|tests|docs)[\w.]*\w)", text)


def test_what_make_test_leaves_out_make_soak_runs_and_both_gate_a_landing(clone: Path):
    assert "pytest -m soak -n 3" in make(clone, "-n", "soak")
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.findall(r"make (\w+)$", gate, re.MULTILINE) == ["test", "soak"]
