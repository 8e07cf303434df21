"""What documents point to exists: links, files, modules, commands of make and of Perdura."""

import json
import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

from perdura.features.catalogue import COLUMNS
from perdura.models.scoring.action_table import read_actions
from perdura.risk.integrations.payloads import FIELDS, MOVED
from perdura.risk.schema.risk_columns import RISK_COLUMNS

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "GLOSSARY.md", "DECISIONS.md", "docs/*.md", "benchmarks/*.md")
DOCUMENTS = sorted(path for pattern in PAGES for path in ROOT.glob(pattern))
_ROOMS = "sources|features|models|risk|flows"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_of_a_document_lead_somewhere(document: Path):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_and_modules_that_a_document_names_exist(document: Path):
    text = document.read_text(encoding="utf-8")
    files = re.findall(rf"`((?:{_ROOMS}|benchmarks|tests|docs|examples)/[\w/.-]+\.\w+)`", text)
    assert [name for name in files if not (ROOT / name).exists()] == []
    for name in re.findall(rf"`(?:perdura\.)?((?:{_ROOMS})\.[a-z_]+\.\w+(?:\.\w+)*)\b", text):
        assert resolve_name(f"perdura.{name}") is not None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets_that_a_document_names_exist(document: Path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"`make ([a-z-]+)`", document.read_text(encoding="utf-8"))
    assert [name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_the_example_of_a_webhook_is_a_message_that_perdura_sends():
    text = (ROOT / "docs" / "OUT.md").read_text(encoding="utf-8")
    message = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])
    data = message["data"]
    assert (message["type"], data.keys()) == (MOVED, {*FIELDS, "state"})
    actions = {action.code: action.en for action in read_actions()}
    assert data["action_text"] == actions[data["action"]]
    signals = {column.feature.signal for column in COLUMNS.values()}
    assert {reason["signal"] for reason in data["reasons"]} <= signals
    assert data["risk"] == pytest.approx(data["risk_voluntary"] + data["risk_payment"])
    assert data["expected_loss"] == round(data["risk"] * data["mrr"])


def test_the_example_of_the_api_is_a_row_that_perdura_publishes():
    row = {column.name: column.example for column in RISK_COLUMNS}
    actions = {action.code: action.en for action in read_actions()}
    assert row["action_text"] == actions[row["action"]]
    signals = {column.feature.signal for column in COLUMNS.values()}
    assert {reason["signal"] for reason in row["reasons"]} <= signals
    assert row["risk"] == pytest.approx(row["risk_voluntary"] + row["risk_payment"])
    assert row["expected_loss"] == round(row["risk"] * row["mrr"])


def test_the_readme_stays_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 150
