"""The README's lines for one's own data run as they stand, in a fresh clone."""

import os
import runpy
import subprocess
import sys
from datetime import date
from pathlib import Path

from perdura.risk.table import read

ROOT = Path(__file__).parents[2]


def first_lines() -> str:
    """The first block of commands that reads an example."""
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("```")[1::2]
    return next(block for block in blocks if "--mapping examples/" in block)


def test_the_first_lines_end_in_a_table_with_reasons(tmp_path):
    clean = {name: value for name, value in os.environ.items() if "PERDURA" not in name}
    done = subprocess.run(
        ["bash", "-euc", first_lines()],
        cwd=ROOT,
        env=clean
        | {
            "HOME": str(tmp_path),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    night = read(f"sqlite:///{tmp_path}/churn/data/risk.db", scored_on=date(2026, 11, 1))
    assert len(night) > 300
    assert night["reasons"].str.len().max() >= 2
    assert night["subscriber_id"][0] in done.stdout


def test_the_files_of_the_examples_are_those_that_their_script_makes(tmp_path):
    main = runpy.run_path(str(ROOT / "examples" / "make.py"))["main"]
    main(tmp_path)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    kept = {file.name: file.read_bytes() for file in (ROOT / "examples" / "data").iterdir()}
    assert made == kept
