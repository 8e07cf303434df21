"""What a person sees of the risk table in a terminal."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from perdura.features.topics import money as feature_money
from perdura.risk import money
from perdura.risk import table as risk_table
from perdura.risk.money import totals, written
from perdura.risk.night import NightFreshness
from perdura.risk.schema.tables import ADVICE
from perdura.risk.table import read
from perdura.risk.terminal.offers import offers
from perdura.risk.terminal.risks import cautions, expected_loss, riskiest
from tests.risk.test_table import FAILED, MARCH_1, WAITED, put, score, scores


@pytest.fixture
def night(tmp_path: Path) -> pd.DataFrame:
    url = f"sqlite:///{tmp_path}/risk.db"
    rows = [
        score("kei", 0.421, mrr=1980, currency="JPY", reasons=[FAILED, WAITED]),
        score("[red]\x1b[2Jmallory", 0.2, mrr=123_456, action_text="Call"),
        score("s" * 200, 0.01, mrr=None, reasons=[]),
        score("nur", 0.05, mrr=12_345, currency="KWD"),
    ]
    put(scores(*rows), url)
    return read(url)


def seen(night: Any, width: int, *, terminal: bool = False) -> str:
    console = Console(file=StringIO(), width=width, force_terminal=terminal, color_system="auto")
    console.print(riskiest(night, width))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1234_50, "EUR", "€1,234.50"),
        (1980, "JPY", "¥1,980"),
        (12_345, "KWD", "KWD12.345"),
        (5, "USD", "$0.05"),
        (2**53 + 1, "EUR", "€90,071,992,547,409.93"),
        (150_000, "RSD", "RSD1,500.00"),
        (150_000, "IQD", "IQD150.000"),
        (15_000, "CLF", "CLF1.5000"),
        (-5, "USD", "-$0.05"),
    ],
)
def test_amounts_have_the_digits_of_their_currency(amount: int, currency: str, text: str) -> None:
    assert written(amount, currency) == text


def test_amounts_are_written_in_the_language_of_the_reader() -> None:
    assert written(123_450, "ALL", "es").replace("\xa0", " ") == "1.234,50 ALL"
    assert written(123_450, "EUR", "es").replace("\xa0", " ") == "1.234,50 €"


def test_reasons_and_the_risk_table_write_amounts_alike() -> None:
    assert money.DIGITS == feature_money.DIGITS
    for currency in ("EUR", "RSD", *money.DIGITS):
        for language in ("en", "es"):
            reason = feature_money.written(1_234_567, currency, language)
            assert reason == written(1_234_567, currency, language)


def test_currencies_are_never_added_up() -> None:
    assert totals([(100, "EUR"), (5, "JPY"), (1, "EUR")]) == "€1.01, ¥5"


def test_rows_are_seen_alike_with_pandas_and_without(tmp_path: Path, night: pd.DataFrame) -> None:
    rows = risk_table.riskiest(f"sqlite:///{tmp_path}/risk.db", 4)
    assert len(rows) == 4
    assert seen(rows, 100) == seen(night, 100)
    assert expected_loss(rows) == expected_loss(night)


def test_nothing_that_takes_long_to_import_is_needed(tmp_path: Path, night: pd.DataFrame) -> None:
    code = f"""if True:
        import sys
        from perdura.risk.terminal.risks import expected_loss, riskiest
        from perdura.risk.table import freshness, riskiest as found
        rows = found("sqlite:///{tmp_path}/risk.db", 4)
        riskiest(rows, 80), expected_loss(rows), freshness("sqlite:///{tmp_path}/risk.db")
        print(sorted({{"pandas", "polars", "numpy", "pyarrow"}} & set(sys.modules)))
    """
    root = Path(__file__).parents[3]
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert ran.stdout == b"[]\n"


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_everything_is_there_at_any_width(night: pd.DataFrame, width: int) -> None:
    text = seen(night, width)
    words = " ".join(text.split())
    assert max(map(len, text.splitlines())) <= width
    for part in ("42.1%", "¥834", "€246.91", "0.617", "unknown", "Call", "payments"):
        assert part in words
    assert text.count("s") > 200


def test_what_is_advised_is_said_in_both_languages() -> None:
    row = {
        "rank": 1,
        "risk": 0.03,
        "band": "low",
        "mrr": None,
        "expected_loss": None,
        "reasons": [],
        "action_text": "Call",
        "subscriber_id": "ann",
    }
    console = Console(file=StringIO(), width=100)
    for language in ("en", "es"):
        for advice in (*ADVICE, None):
            console.print(riskiest([{**row, "advice": advice}], 100, language))
    assert isinstance(console.file, StringIO)
    of_trial = seen([{**row, "advice": "save", "trial": True}], 140)
    assert not {words for words in ("retain", "Call", "What to do") if words in of_trial}
    for words in (
        "retain",
        "offer upgrade",
        "do not contact",
        "retener",
        "subir de plan",
        "no contactar",
    ):
        assert words in console.file.getvalue()


def test_whom_to_offer_more_is_shown_in_both_languages(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/risk.db"
    more = {"offer": 0.123, "advice": "offer"}
    rows = [score("ann", 0.02, plan="pro", **more), score("\x1b[2Jbob", 0.03, mrr=None, **more)]
    put(scores(*rows), url)
    console = Console(file=StringIO(), width=80)
    console.print(offers(risk_table.to_offer(url, 9)))
    console.print(offers(risk_table.to_offer(url, 9), "es"), offers([]), offers([], "es"))
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    for part in ("12.3%", "2.0%", "€10.00", "pro", "unknown", "12,3", "10,00", "desconocido"):
        assert part in text
    assert "There are no offers to make." in text
    assert "No hay ninguna oferta que hacer." in text
    assert "\x1b" not in text


def test_no_colour_where_there_is_no_terminal(night: pd.DataFrame) -> None:
    assert "\x1b" not in seen(night, 100)
    assert "\x1b[1;31m" in seen(night, 100, terminal=True)


def test_an_id_can_neither_colour_nor_clear_the_screen(night: pd.DataFrame) -> None:
    assert "\x1b[2J" not in seen(night, 140, terminal=True)
    assert "[red]" in seen(night, 140)


def test_what_is_expected_to_go_is_said_per_currency(night: pd.DataFrame) -> None:
    assert expected_loss(night).endswith("these 4 subscribers a month: €246.91, ¥834, KWD0.617")
    assert expected_loss(night[night["mrr"].isna()], "es").endswith("desconocido")


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Demonstration data"), ("es", "Datos de demostración")]
)
def test_a_demonstration_is_said_to_be_one_in_place_of_stale(language: Any, words: str) -> None:
    at = datetime(2026, 3, 2, 2, tzinfo=UTC)
    facts = {"scored_on": MARCH_1, "valid_until": at, "age": timedelta(hours=26)}
    old = NightFreshness(**facts, stale=True, degraded=())
    (told,) = cautions(old, language, demonstration=True)
    assert told.startswith(words)


def test_a_reader_is_warned_of_stale_and_degraded_nights() -> None:
    at = datetime(2026, 3, 2, 2, tzinfo=UTC)
    facts = {"scored_on": MARCH_1, "valid_until": at, "age": timedelta(hours=26)}
    assert cautions(NightFreshness(**facts, stale=False, degraded=())) == []
    assert cautions(NightFreshness(**facts, stale=True, degraded=("tickets", "usage"))) == [
        "Stale since 2026-03-02 02:00 UTC: the newest night is 2026-03-01.",
        "Degraded: tickets, usage. Why and what to do, perdura score says for that date.",
    ]
