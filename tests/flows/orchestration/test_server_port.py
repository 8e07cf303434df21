"""The address of the schedule's Prefect server stays over a restart."""

import socket
from contextlib import closing
from pathlib import Path
from threading import Timer

from perdura.flows.orchestration.server_port import own_port


def listening(port: int = 0) -> socket.socket:
    server = socket.create_server(("127.0.0.1", port))
    server.listen()
    return server


def test_the_port_of_before_is_kept(tmp_path: Path):
    file = tmp_path / "server.port"
    with closing(listening()) as other:
        free = other.getsockname()[1]
    file.write_text(f"{free}\n")
    assert own_port(file) == free
    assert own_port(file) == free


def test_what_is_left_of_ended_connections_does_not_change_it(tmp_path: Path):
    file = tmp_path / "server.port"
    with closing(listening()) as server:
        port = server.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port))):
            accepted, _ = server.accept()
            accepted.close()  # the server's side ends first, and waits
    file.write_text(str(port))
    assert own_port(file, patience=0.0) == port


def test_a_server_that_is_ending_is_waited_for(tmp_path: Path):
    file, server = tmp_path / "server.port", listening()
    port = server.getsockname()[1]
    file.write_text(str(port))
    Timer(0.5, server.close).start()
    assert own_port(file, patience=30.0) == port


def test_a_port_that_another_program_has_taken_is_said_and_another_one_kept(tmp_path, capsys):
    file = tmp_path / "server.port"
    with closing(listening()) as other:
        taken = other.getsockname()[1]
        file.write_text(str(taken))
        port = own_port(file, patience=0.0)
        assert port != taken
    assert (
        f"port {taken}, which Prefect's server had before, is taken: another is used"
        in capsys.readouterr().err
    )
    assert own_port(file) == port


def test_a_file_that_holds_no_port_is_as_none(tmp_path: Path):
    file = tmp_path / "server.port"
    for text in ("", "no port", "0", "70000"):
        file.write_text(text)
        assert own_port(file) > 0
