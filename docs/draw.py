"""Draw the README's pictures from a demonstration of its own: ``make docs``."""

import os
import re
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME

from perdura.flows.settings import Settings
from perdura.risk.table import read
from perdura.risk.terminal.risks import riskiest

_FOLDER = Path(__file__).parent / "pictures"
_WIDTH = 124


def draw() -> None:
    """Write ``riskiest.svg``, ``calibration.png`` and ``gain.png``, and pictures of the desk."""
    with TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "perdura.flows.cli.app", "demo"]
        subprocess.run(words, check=True, env=os.environ | {"PERDURA_HOME": folder})
        night = read(Settings(home=Path(folder)).risk_url)
        _table(night.drop_duplicates("action").head(5))
        for name in ("calibration.png", "gain.png"):
            found = next((Path(folder) / "mlruns").rglob(name))
            shutil.copyfile(found, _FOLDER / name)
        pages = [sys.executable, "-m", "docs.pages"]
        subprocess.run(pages, check=True, env=os.environ | {"PERDURA_HOME": folder})


def _table(rows: pd.DataFrame) -> None:
    console = Console(record=True, width=_WIDTH, file=StringIO(), force_terminal=True)
    console.print(riskiest(rows, _WIDTH))
    title = "The riskiest subscriber for each action"
    svg = console.export_svg(title=title, theme=SVG_EXPORT_THEME)
    # Its fonts would be fetched from a third party with each view.
    own = re.sub(r"@font-face \{.*?\}\n", "", svg, flags=re.DOTALL)
    (_FOLDER / "riskiest.svg").write_text(own, encoding="utf-8")


if __name__ == "__main__":
    draw()
