"""Who may come in."""

import json
import sqlite3
from pathlib import Path

import pytest

from perdura.risk.records.tokens import BadToken, create, holder_of, listed, revoke
from perdura.risk.store.connect import reading, writing
from tests.flows.cli.test_command_line import perdura


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/risk.db"


def made(url: str, name: str = "desk", *scopes: str) -> str:
    with writing(url) as connection:
        return create(connection, name, scopes or ("read",))


def test_a_token_tells_who_holds_it_and_what_for(url):
    token = made(url, "desk", "contact", "read")
    with reading(url) as connection:
        found = holder_of(connection, token)
    assert found
    assert (found.name, found.scopes) == ("desk", {"read", "contact"})


def test_only_the_hash_of_a_token_is_kept(url):
    secret = made(url).rpartition("_")[2]
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        kept = "".join(connection.iterdump())
    connection.close()
    assert secret not in kept


@pytest.mark.parametrize(
    "wrong",
    [
        lambda _: "",
        lambda token: token[:-1],
        lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"),
        lambda token: token.replace("perdura", "other"),
        lambda token: token.rpartition("_")[0] + "_",
        lambda token: "perdura_0000000000000000_" + token.rpartition("_")[2],
        lambda token: token + "\0",
        lambda _: "perdura_' OR 1=1 --_x",
        lambda _: "perdura_\0_\udce9",
        lambda _: "x" * 100_000,
    ],
)
def test_anything_but_the_token_is_nobody(url, wrong):
    token = made(url)
    with reading(url) as connection:
        assert holder_of(connection, wrong(token)) is None


def test_a_revoked_token_is_nobody_and_its_name_is_free_again(url):
    first = made(url)
    with pytest.raises(BadToken, match="'desk' holds already"):
        made(url)
    with writing(url) as connection:
        revoke(connection, "desk")
    second = made(url)
    with reading(url) as connection:
        assert holder_of(connection, first) is None
        assert holder_of(connection, second)
        assert [bool(token.revoked_at) for token in listed(connection)] == [True, False]


def test_what_cannot_be_made_or_revoked_is_said(url):
    with writing(url) as connection:
        for name, scopes, said in (
            ("desk", (), "scopes out of read, contact, admin"),
            ("desk", ("write",), "scopes out of read, contact, admin"),
            (" ", ("read",), "printable name"),
            ("a\nb", ("read",), "printable name"),
            ("a" * 101, ("read",), "printable name"),
        ):
            with pytest.raises(BadToken, match=said):
                create(connection, name, scopes)
        with pytest.raises(BadToken, match="no token that holds is called 'nobody'"):
            revoke(connection, "nobody")


def test_names_are_only_text(url):
    name = "'; DROP TABLE tokens; -- <script>"
    token = made(url, name)
    with reading(url) as connection:
        found = holder_of(connection, token)
    assert found
    assert found.name == name


def test_commands_make_list_and_revoke_tokens(tmp_path):
    made = json.loads(
        perdura("token", "create", "desk", "--scope", "contact", "--json", home=tmp_path).stdout
    )
    assert (made["name"], made["scopes"]) == ("desk", ["contact"])
    url = f"sqlite:///{tmp_path}/data/risk.db"
    with reading(url) as connection:
        assert holder_of(connection, made["token"])
    listed = perdura("token", "list", home=tmp_path).stdout
    assert "holds" in listed
    assert made["token"] not in listed
    assert "Revoked: desk" in perdura("token", "revoke", "desk", home=tmp_path).stdout
    again = perdura("token", "revoke", "desk", home=tmp_path, ok=False)
    assert "no token that holds is called 'desk'" in again.stderr
