"""Sections ``[connect.NAME]``: options, folders, secrets, and what is said of mistakes."""

from pathlib import Path

import pytest

from perdura.sources.connectors.connection import Connection, Options
from perdura.sources.connectors.connector import BadConnection, Unavailable
from perdura.sources.connectors.known import known_connectors, mapping_of
from perdura.sources.mapping.mapping import read_mapping


class Some(Options):
    key: str
    pages: int = 1


def connection(folder: Path, **options: object) -> Connection:
    return Connection("acme", "acme", options, folder / "mapping.toml")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"key": "k", "page": 2}, "no such key 'page'; did you mean pages?"),
        ({"pages": 2}, "key: field required"),
        ({"key": "k", "pages": "sk_live_many"}, "pages: input should be a valid integer"),
    ],
)
def test_a_mistake_in_options_is_said_without_any_value(tmp_path: Path, options, says: str):
    with pytest.raises(BadConnection, match=says) as caught:
        connection(tmp_path, **options).read_options(Some)
    assert "mapping.toml, section [connect.acme]" in str(caught.value)
    assert "sk_live" not in str(caught.value)


def test_a_secret_is_what_a_variable_holds_and_is_never_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ACME_KEY", "sk_live_1")
    monkeypatch.delenv("NO_KEY", raising=False)
    own = connection(tmp_path)
    assert own.secret("key", "$ACME_KEY") == own.secret("key", "${ACME_KEY}") == "sk_live_1"
    with pytest.raises(BadConnection, match="variable NO_KEY, which is not set"):
        own.secret("key", "$NO_KEY")
    with pytest.raises(BadConnection, match="belongs in the environment") as caught:
        own.secret("key", "sk_live_1")
    assert "sk_live_1" not in str(caught.value)


def test_a_folder_starts_at_the_mapping_and_may_name_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EXPORTS", "exports")
    (tmp_path / "exports").mkdir()
    own = connection(tmp_path)
    assert own.folder("exports") == own.folder("$EXPORTS") == tmp_path / "exports"
    assert own.shown(tmp_path / "exports" / "a.csv") == "exports/a.csv"
    with pytest.raises(Unavailable, match="no folder 'elsewhere' of acme"):
        own.folder("elsewhere")


@pytest.mark.parametrize("name", known_connectors())
def test_a_mapping_that_is_shipped_reads_frames_of_its_own_connector(name: str, tmp_path: Path):
    path = tmp_path / "mapping.toml"
    path.write_text(f"[connect.{name}]\nfolder = 'exports'\n\n{mapping_of(name)}")
    mapping = read_mapping(path)
    assert [*mapping.frames] == [name]
    assert all(source.frame for source in mapping.sources)
