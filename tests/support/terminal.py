"""The installed command on a pseudo-terminal, its questions answered as a person would."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from time import monotonic

COMMAND = Path(sys.executable).parent / "perdura"
_PATIENCE = 30.0  # seconds without a word


class Terminal:
    """``perdura WORDS`` on a terminal of its own.

    Attributes:
        seen: All that it has shown.
    """

    def __init__(self, *words: str, **env: str) -> None:
        """Start it, with ``env`` beside the environment."""
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [COMMAND, *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env=os.environ | {"COLUMNS": "160", "TERM": "dumb"} | env,
        )
        os.close(theirs)
        self.seen, self._answered = "", 0

    def answer(self, question: str, answer: str) -> None:
        """Wait for a question, which is new, and type the answer."""
        while question not in self.seen[self._answered :]:
            if not self._read():
                raise AssertionError(f"{question!r} was not asked; the terminal shows\n{self.seen}")
        self._answered = self.seen.index(question, self._answered) + len(question)
        os.write(self._ours, f"{answer}\n".encode())

    def end(self) -> int:
        """The exit status, once it has ended."""
        while self._read():
            pass
        os.close(self._ours)
        return self._process.wait(timeout=_PATIENCE)

    def _read(self) -> bool:
        """Whether it shows more, before it ends."""
        begin = monotonic()
        if not select.select([self._ours], [], [], _PATIENCE)[0]:
            self._process.kill()
            silent = monotonic() - begin
            raise AssertionError(f"silent for {silent:.0f} s; the terminal shows\n{self.seen}")
        try:
            found = os.read(self._ours, 65536)
        except OSError:  # it has ended, and nothing is left
            return False
        self.seen += found.decode(errors="replace")
        return bool(found)
