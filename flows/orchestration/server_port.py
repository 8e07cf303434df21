"""The port of a server of ours: the one it had before, so that its address stays."""

import socket
from pathlib import Path
from time import monotonic, sleep

from perdura.flows.orchestration.prefect_database import NoServer
from perdura.flows.runtime.progress import STDERR

_USUAL = 4200  # Prefect's
_PATIENCE = 10.0  # seconds, for a server that is ending


def own_port(file: Path, *, patience: float = _PATIENCE) -> socket.socket:
    """A socket at the port that the server had before, if free by then; else at 4200, else at any.

    The port is held from then on: two schedules that start at once never share one.

    Args:
        file: Keeps the port for the next time.
        patience: Seconds to wait for the one before: a server that was killed is still ending.

    Raises:
        NoServer: No port is free.
    """
    before, until = _read(file), monotonic() + patience
    held = _bound(before) if before else None
    while before and held is None and monotonic() < until:
        sleep(0.2)
        held = _bound(before)
    if before and held is None:
        STDERR.print(
            f"  port {before}, which Prefect's server had before, is taken: another is used"
        )
    held = held or _bound(_USUAL) or _bound(0)
    if held is None:
        raise NoServer("no port of this machine is free for Prefect's server")
    file.write_text(f"{held.getsockname()[1]}\n", encoding="utf-8")
    return held


def _read(file: Path) -> int | None:
    try:
        port = int(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return port if 0 < port < 2**16 else None


def _bound(port: int) -> socket.socket | None:
    """A socket that listens at the port, if it is free; at 0, at one that is."""
    try:
        # It reuses the address: what is left of connections that have ended holds no port.
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return None
