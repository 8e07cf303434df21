"""The notebooks run from top to bottom and show what they promise."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"


@pytest.mark.filterwarnings("ignore")
def test_why_do_people_leave_answers_with_three_pictures():
    notebook = nbformat.read(FOLDER / "why_do_people_leave.ipynb", as_version=4)
    done = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": FOLDER}}).execute()
    outputs = [out for cell in done.cells for out in cell.get("outputs", [])]
    pictures = [out for out in outputs if "image/png" in out.get("data", {})]
    said = "".join(out.get("text", "") for out in outputs)
    assert len(pictures) == 3
    assert "Most of all: " in said
    assert not [out for out in outputs if out.get("name") == "stderr"], "warnings reach the reader"
