"""The MCP server, asked by the SDK's own client over real pipes."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult, TextContent
from sqlalchemy.exc import OperationalError

from perdura.risk.integrations import mcp_words
from perdura.risk.integrations.mcp_answers import AccountAnswer, Companies, FreshAnswer
from perdura.risk.integrations.mcp_server import mcp_server
from perdura.risk.schema.recent import EVENTS
from perdura.risk.store.connect import reading, writing
from tests.support.out_rows import FAILED, TODAY, YESTERDAY, now_stands, person, put_night

T = TypeVar("T")
TOOLS = {"who_should_i_call", "why", "who_moved", "which_accounts", "freshness"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights of a few people."""
    home = tmp_path_factory.mktemp("assistant")
    url = f"sqlite:///{home}/data/risk.db"
    put_night(url, person("ann", 0.2), person("bob", 0.5), person("old", 0.4), on=YESTERDAY)
    put_night(
        url,
        person("ann", 0.6, band_before="medium", risk_before=0.2, moved_by="a payment failed",
               plan="pro", country="ES", mrr=2000, expected_loss=1200, account="acme"),
        person("bob", 0.5, plan="basic", country="FR", account="acme"),
        person("cid", 0.9, held_out=True, account="acme"),
        person("dan", 0.8),
        person("eve", 0.05, band_before="high", risk_before=0.4, reasons=[]),
    )  # fmt: skip
    now_stands(url, "dan", "leaving")
    with writing(url) as connection:
        when = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) - timedelta(days=1)
        told = {"source": "payments", "kind": "failed", "amount": 2000, "currency": "EUR"}
        row = {"subscriber_id": "ann", "happened_at": when, "known_at": when, "number": 0, **told}
        connection.execute(sa.insert(EVENTS), row)
    return home


def piped(home: Path, **env: str) -> Client:
    """A client of ``perdura mcp`` in ``home``, a process of its own."""
    told = {"PERDURA_HOME": str(home), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    words = ["-m", "perdura.flows.cli.app", "mcp"]
    return Client(StdioServerParameters(command=sys.executable, args=words, env=told | env))


def asked(
    client: AbstractAsyncContextManager[Client], ask: Callable[[Client], Coroutine[Any, Any, T]]
) -> T:
    async def run() -> T:
        async with client as connected:
            return await ask(connected)

    return asyncio.run(run())


def here(home: Path, tool: str, language: str = "en", **arguments: Any) -> CallToolResult:
    """The same server without pipes, for answers only."""
    return here_at(f"sqlite:///{home}/data/risk.db", tool, language, **arguments)


def here_at(url: str, tool: str, language: str = "en", **arguments: Any) -> CallToolResult:
    server = mcp_server(url, language)  # type: ignore[arg-type]
    return asked(Client(server), lambda client: client.call_tool(tool, arguments))


def text(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def structured(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text(result)
    assert result.structured_content
    return result.structured_content


def test_an_assistant_asks_over_pipes_whom_to_call_and_why(home):
    async def ask(client: Client) -> tuple[Any, ...]:
        tools = (await client.list_tools()).tools
        calls = await client.call_tool("who_should_i_call", {"top": 1})
        why = await client.call_tool("why", {"subscriber_id": "ann"})
        moved = await client.call_tool("who_moved", {"into": "high"})
        fresh = await client.call_tool("freshness", {})
        return client.instructions, tools, calls, why, moved, fresh

    instructions, tools, calls, why, moved, fresh = asked(piped(home), ask)
    assert "who_should_i_call" in str(instructions)
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        assert tool.annotations.read_only_hint is True
        assert tool.output_schema["type"] == "object"
    assert [one["subscriber_id"] for one in structured(calls)["people"]] == ["ann"]
    assert structured(why)["person"]["risk"] == 0.6
    assert [one["subscriber_id"] for one in structured(moved)["people"]] == ["ann"]
    assert structured(fresh)["stale"] is False
    assert "1. ann: 60.0% risk of leaving (high), €12.00 of €20.00 a month" in text(calls)


def test_the_older_handshake_works_too_and_words_are_in_the_settings_language(home):
    client = piped(home, PERDURA_LANGUAGE="es")
    client.mode = "legacy"
    moved = asked(client, lambda connected: connected.call_tool("who_moved", {}))
    assert [one["subscriber_id"] for one in structured(moved)["people"]] == ["ann", "eve"]
    assert "eve: de alto a bajo (de 40,0" in text(moved)


def test_the_dearest_come_first_without_those_to_be_left_alone(home):
    told = structured(here(home, "who_should_i_call"))
    assert [one["subscriber_id"] for one in told["people"]] == ["ann", "bob", "eve"]
    assert told["people"][0]["reasons"][0] == FAILED["text"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"band": "low"}, ["eve"]),
        ({"plan": "pro"}, ["ann"]),
        ({"country": "FR"}, ["bob"]),
        ({"country": "FR", "plan": "pro"}, []),
        ({"plan": "' OR 1=1 --"}, []),
    ],
)
def test_the_list_may_be_narrowed(home, arguments, wanted):
    result = here(home, "who_should_i_call", **arguments)
    assert [one["subscriber_id"] for one in structured(result)["people"]] == wanted
    assert wanted or "Nobody fits." in text(result)


def test_accounts_are_added_up_without_those_to_be_left_alone(home):
    result = here(home, "which_accounts")
    (acme,) = structured(result)["accounts"]
    assert (acme["account"], acme["subscribers"], acme["riskiest"]) == ("acme", 2, "ann")
    assert (acme["expected_loss"], acme["mrr"]) == ({"EUR": 1700}, {"EUR": 3000})
    assert "1. acme: 2 subscribers, 80.0% chance that one leaves, €17.00 of €30.00" in text(result)
    assert "2 suscriptores" in text(here(home, "which_accounts", "es", name="ac"))
    assert structured(here(home, "which_accounts", name="x"))["accounts"] == []
    assert structured(here(home, "why", subscriber_id="ann"))["person"]["account"] == "acme"


def test_why_tells_reasons_money_and_what_happened(home):
    result = here(home, "why", subscriber_id="ann")
    told = structured(result)
    assert [one["risk"] for one in told["history"]] == [0.2, 0.6]
    assert [(one["kind"], one["amount"]) for one in told["events"]] == [("failed", 2000)]
    for words in (
        "30.0% by choice, 30.0% by payment failure",
        "Why: 2 payments failed in the last 30 days; Waited 41 hours",
        "What to do: Ask for another card.",
        "it was 20.0% (medium)",
    ):
        assert words in text(result)


def test_who_left_who_is_left_alone_and_who_is_unknown_are_told_as_such(home):
    assert "By now they are leaving" in text(here(home, "why", subscriber_id="dan"))
    assert "control group: do not contact them" in text(here(home, "why", subscriber_id="cid"))
    result = here(home, "why", subscriber_id="old")
    assert structured(result)["person"] is None
    assert "did not score old" in text(result)
    assert "last scored" in text(result)
    assert "nothing stands out" in text(here(home, "why", subscriber_id="eve"))


@pytest.mark.parametrize("who", ["'; DROP TABLE risk --", "%", "x" * 10_000, "a\0b", "", "\ud800"])
def test_odd_ids_find_nobody_and_break_nothing(home, who):
    result = here(home, "why", subscriber_id=who)
    if result.is_error:
        assert text(result).startswith("Error executing tool why: found subscriber_id = '")
        assert text(result).endswith(
            "; allowed is a text of at most 1,000 characters, without NUL or half characters"
        )
        assert len(text(result)) < 250
    else:
        assert structured(result)["person"] is None


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("who_should_i_call", {"top": 0}, "found top = 0; allowed is a whole number from 1 to 50"),
        (
            "who_should_i_call",
            {"top": 51},
            "found top = 51; allowed is a whole number from 1 to 50",
        ),
        ("who_moved", {"top": "x"}, "found top = 'x'; allowed is a whole number from 1 to 50"),
        (
            "who_should_i_call",
            {"band": "awful", "plan": "p" * 201},
            (
                "found band = 'awful'; allowed is one of high, medium, low or nothing; "
                f"found plan = '{'p' * 59}... (203 characters); "
                "allowed is a text of at most 200 characters or nothing"
            ),
        ),
        (
            "who_moved",
            {"into": 1},
            "found into = 1; allowed is one of high, medium, low or nothing",
        ),
        ("why", {}, "subscriber_id is missing; allowed is a text"),
        ("why", {"subscriber_id": 42}, "found subscriber_id = 42; allowed is a text"),
        (
            "who_should_i_call",
            {"bnad": "high"},
            "found the argument 'bnad', which it does not have; it takes top, band, plan, country",
        ),
        ("freshness", {"x": 1}, "found the argument 'x', which it does not have; it takes none"),
    ],
)
def test_arguments_that_are_none_are_refused_with_what_is_allowed(home, tool, arguments, words):
    result = here(home, tool, **arguments)
    assert result.is_error
    assert text(result) == f"asked {tool}: {words}"


def test_a_tool_that_there_is_not_is_refused_with_those_there_are(home):
    result = here(home, "whom_to_call")
    assert result.is_error
    assert text(result) == (
        "asked for the tool 'whom_to_call'; there are who_should_i_call, why, who_moved, "
        "which_accounts, freshness"
    )


def test_words_and_numbers_are_in_the_language_asked_for(home):
    told = text(here(home, "who_should_i_call", "es"))
    assert "1. ann: 60,0\N{NO-BREAK SPACE}% de riesgo de irse (alto)" in told
    assert "se espera perder 12,00\N{NO-BREAK SPACE}€" in told


def test_one_is_said_in_the_singular_and_many_with_their_digits_in_groups():
    fresh = FreshAnswer(
        scored_on=TODAY,
        valid_until=datetime(2026, 3, 2, 2, tzinfo=UTC),
        age_hours=1.0,
        stale=False,
        degraded=[],
        trial=False,
        horizon_days=1,
        subscribers=1,
        states_as_of=None,
    )
    assert ", 1 subscriber. Each risk is the chance of leaving within 1 day." in mcp_words.fresh(
        fresh, "en"
    )
    assert ", 1 suscriptor. Cada riesgo es la probabilidad de baja en 1 día." in mcp_words.fresh(
        fresh, "es"
    )
    many = fresh.model_copy(update={"subscribers": 48_210, "horizon_days": 30})
    assert (
        ", 48,210 subscribers. Each risk is the chance of leaving within 30 days."
        in mcp_words.fresh(many, "en")
    )
    assert (
        ", 48.210 suscriptores. Cada riesgo es la probabilidad de baja en los próximos 30 días."
        in mcp_words.fresh(many, "es")
    )
    one = AccountAnswer(
        account="acme",
        subscribers=1,
        any_leaves=0.6,
        riskiest="ann",
        risk=0.6,
        band="high",
        mrr={},
        expected_loss={},
    )
    companies = Companies(freshness=fresh, accounts=[one], more=False)
    assert "1. acme: 1 subscriber, 60.0% chance" in mcp_words.companies(companies, "en")
    assert "1. acme: 1 suscriptor, probabilidad 60,0" in mcp_words.companies(companies, "es")


def test_a_stale_night_is_said_first(home, tmp_path):
    url = f"sqlite:///{tmp_path}/data/risk.db"
    put_night(url, person("ann"), on=TODAY - timedelta(days=3))
    result = here(tmp_path, "who_should_i_call")
    assert text(result).startswith("STALE since")
    assert structured(result)["freshness"]["stale"] is True


def test_where_nothing_can_be_read_it_is_said_in_words(tmp_path):
    assert "no night has been published" in text(here(tmp_path, "freshness"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "risk.db").write_bytes(b"not a database" * 1000)
    result = here(tmp_path, "why", subscriber_id="ann")
    assert result.is_error
    assert text(result).endswith(
        "the risk table cannot be read now (DatabaseError); try again later"
    )


def test_nothing_is_written_and_nothing_heavy_imported(home):
    url = f"sqlite:///{home}/data/risk.db"
    with reading(url) as connection, pytest.raises(OperationalError):
        connection.execute(sa.delete(EVENTS))
    code = (
        "import sys\nfrom perdura.risk.integrations.mcp_server import mcp_server\n"
        "import perdura.flows.cli.commands.mcp, perdura.flows.settings\n"
        f"mcp_server({url!r}, 'en')\n"
        "print(sorted({'lightgbm', 'mlflow', 'prefect', 'sklearn', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
