"""The port of a server of ours: the one it had before, so that its address stays."""

import socket
from pathlib import Path
from time import monotonic, sleep

from perdura.flows.orchestration.prefect_database import NoServer
from perdura.flows.runtime.progress import STDERR

_USUAL = 4200  # Prefect's
_PATIENCE = 10.0  # seconds, for a server that is ending


def own_port(file: Path, *, patience: float = _PATIENCE) -> int:
    """The port that the server had before, if it is free by then; else 4200, else any that is.

    Args:
        file: Keeps the port for the next time.
        patience: Seconds to wait for the one before: a server that was killed is still ending.

    Raises:
        NoServer: No port is free.
    """
    before = _read(file)
    if before and not _is_free_within(before, patience):
        STDERR.print(
            f"  port {before}, which Prefect's server had before, is taken: another is used"
        )
    wanted = [before] if before else []
    port = next((found for candidate in (*wanted, _USUAL, 0) if (found := _bound(candidate))), None)
    if port is None:
        raise NoServer("no port of this machine is free for Prefect's server")
    file.write_text(f"{port}\n", encoding="utf-8")
    return port


def _read(file: Path) -> int | None:
    try:
        port = int(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return port if 0 < port < 2**16 else None


def _is_free_within(port: int, patience: float) -> bool:
    until = monotonic() + patience
    while _bound(port) is None:
        if monotonic() > until:
            return False
        sleep(0.2)
    return True


def _bound(port: int) -> int | None:
    """The port, if it can be listened at; of 0 one that can."""
    with socket.socket() as probe:
        # As the server does: what is left of connections that have ended holds no port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return None
        return int(probe.getsockname()[1])
