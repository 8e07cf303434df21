"""The shape of the project: names that are ours alone, and imports that run one way."""

import ast
import re
import subprocess
import sys
from collections import Counter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("sources", "features", "models", "risk", "flows")


def test_no_other_distribution_ships_our_name():
    assert set(packages_distributions().get("perdura", ["perdura"])) == {"perdura"}


@pytest.mark.parametrize("room", OURS)
def test_a_flat_import_of_a_room_says_what_to_import_instead(room):
    code = [sys.executable, "-c", f"import {room}"]
    done = subprocess.run(code, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert f"write `import perdura.{room}`" in done.stderr.splitlines()[-1]


def test_the_risk_table_needs_none_of_the_heavy_parts():
    heavy = "{'lightgbm', 'mlflow', 'prefect', 'sklearn'}"
    code = f"import sys, perdura.risk.table\nprint(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_is_pickled():
    banned = re.compile(r"^\s*(import|from) (pickle|joblib|cloudpickle|dill)\b", re.MULTILINE)
    for package in OURS:
        for path in (ROOT / package).rglob("*.py"):
            assert not banned.search(path.read_text(encoding="utf-8")), path


def test_the_lock_names_no_registry():
    assert not re.search(r"https?://|index-url", (ROOT / "requirements.lock").read_text())


def _modules() -> list[Path]:
    return [path for room in OURS for path in (ROOT / room).rglob("*.py")]


def test_no_folder_holds_more_than_twenty_modules():
    held = Counter(path.parent for path in _modules())
    assert {str(folder): count for folder, count in held.items() if count > 20} == {}


def test_no_class_name_means_two_things():
    where: dict[str, set[str]] = {}
    for path in _modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where.setdefault(node.name, set()).add(str(path))
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_every_public_name_is_documented():
    bare = [
        f"{path}: {node.name}"
        for path in _modules()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert bare == []
