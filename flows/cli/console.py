"""Where commands print: a terminal of any width, or a pipe in which nothing is cut or folded."""

import os
import sys
from typing import IO

from rich.console import Console

from perdura.risk.terminal.risks import UNLIMITED


def output(file: IO[str] | None = None, *, quiet: bool = False) -> Console:
    """A console as wide as the terminal, or as ``COLUMNS`` says; without both, of no limit.

    Args:
        file: By default standard output.
        quiet: Whether it prints nothing.
    """
    made = Console(file=file, highlight=False, quiet=quiet)
    is_terminal = (file or sys.stdout).isatty()
    if not is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        made.width = UNLIMITED
    return made


#: Standard output.
OUT = output()
