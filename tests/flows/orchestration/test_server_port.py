"""The address of the schedule's Prefect server stays over a restart."""

import socket
from contextlib import closing
from pathlib import Path
from threading import Timer

from perdura.flows.orchestration.server_port import own_port


def port_of(file: Path, patience: float = 10.0) -> int:
    """The port of a server that has ended again."""
    with own_port(file, patience=patience) as held:
        return int(held.getsockname()[1])


def listening(port: int = 0) -> socket.socket:
    server = socket.create_server(("127.0.0.1", port))
    server.listen()
    return server


def test_the_port_of_before_is_kept(tmp_path: Path):
    file = tmp_path / "server.port"
    with closing(listening()) as other:
        free = other.getsockname()[1]
    file.write_text(f"{free}\n")
    assert port_of(file) == free
    assert port_of(file) == free


def test_what_is_left_of_ended_connections_does_not_change_it(tmp_path: Path):
    file = tmp_path / "server.port"
    with closing(listening()) as server:
        port = server.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port))):
            accepted, _ = server.accept()
            accepted.close()  # the server's side ends first, and waits
    file.write_text(str(port))
    assert port_of(file, patience=0.0) == port


def test_a_server_that_is_ending_is_waited_for(tmp_path: Path):
    file, server = tmp_path / "server.port", listening()
    port = server.getsockname()[1]
    file.write_text(str(port))
    Timer(0.5, server.close).start()
    assert port_of(file, patience=30.0) == port


def test_a_port_that_another_program_has_taken_is_said_and_another_one_kept(tmp_path, capsys):
    file = tmp_path / "server.port"
    with closing(listening()) as other:
        taken = other.getsockname()[1]
        file.write_text(str(taken))
        port = port_of(file, patience=0.0)
        assert port != taken
    assert (
        f"port {taken}, which Prefect's server had before, is taken: another is used"
        in capsys.readouterr().err
    )
    assert port_of(file) == port


def test_a_file_that_holds_no_port_is_as_none(tmp_path: Path):
    file = tmp_path / "server.port"
    for text in ("", "no port", "0", "70000"):
        file.write_text(text)
        assert port_of(file) > 0


def test_two_servers_that_start_at_once_never_share_a_port(tmp_path: Path):
    one, other = (own_port(tmp_path / name) for name in ("one.port", "other.port"))
    with one, other:
        assert one.getsockname() != other.getsockname()
