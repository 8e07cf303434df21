"""What commands print is whole: in a terminal of any width, and in a pipe."""

from io import StringIO
from pathlib import Path

import polars as pl
import pytest

from perdura.flows.cli.console import output
from perdura.flows.cli.render.accounts import print_accounts
from perdura.flows.cli.render.night import print_risks
from perdura.flows.settings import Settings
from perdura.risk.query.accounts import risks_by_account
from perdura.risk.table import freshness, publish, riskiest
from tests.support.desk_night import NEWEST, row

LONG = "A very long name of a company, with its legal form and its seat, S.L. y Cía. " * 2
REASONS = {
    "en": "6 tickets were opened in the last 90 days, of which support answered none in time",
    "es": "se abrieron 6 tickets en los últimos 90 días, y no se respondió a tiempo a ninguno",
}
ACTIONS = {"en": "Send a link to update the payment method", "es": "Enviar un enlace para pagar"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a home in Spanish with a night that was published in English."""
    monkeypatch.setenv("PERDURA_HOME", str(tmp_path))
    monkeypatch.setenv("PERDURA_LANGUAGE", "es")
    monkeypatch.delenv("COLUMNS", raising=False)
    found = Settings()
    reason = {"signal": "ticket_volume", "column": "tickets_opened_90d", "value": 6.0}
    translations = f'{{"es": "{REASONS["es"]}"}}'
    reason |= {"text": REASONS["en"], "weight": 1.0, "translations": translations}
    said = {"reasons": [reason], "action": "update", "action_text": ACTIONS["en"], "account": LONG}
    frame = pl.DataFrame([row("ann" * 20, 0.9, **said), row("bob", 0.5, **said, plan="pro")])
    publish(
        frame,
        found.risk_url,
        scored_on=NEWEST,
        model_version="7",
        horizon_days=1,
        actions={ACTIONS["en"]: {"es": ACTIONS["es"]}},
    )
    return found


def test_nothing_is_cut_or_folded_in_a_pipe(settings: Settings):
    file = StringIO()
    print_risks(riskiest(settings.risk_url, 9, language="es"), settings, output(file))
    print_accounts(
        risks_by_account(settings.risk_url, 9), freshness(settings.risk_url), "es", output(file)
    )
    lines = file.getvalue().splitlines()
    for whole in (REASONS["es"], ACTIONS["es"], "ann" * 20, LONG.strip()):
        assert any(whole in line for line in lines), whole
    assert "…" not in file.getvalue()
    assert max(map(len, lines)) < 500  # as wide as the texts, and not filled up


@pytest.mark.parametrize("width", [70, 80, 200])
def test_nothing_is_cut_where_the_width_is_known(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, width: int
):
    monkeypatch.setenv("COLUMNS", str(width))
    file = StringIO()
    accounts = risks_by_account(settings.risk_url, 9)
    print_accounts(accounts, freshness(settings.risk_url), "es", output(file))
    lines = file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in file.getvalue()
    assert file.getvalue().count("S") >= LONG.count("S")


def test_a_night_in_english_is_read_in_spanish_in_a_spanish_home(settings: Settings):
    file = StringIO()
    rows = riskiest(settings.risk_url, 9, language="es")
    print_risks(rows, settings, output(file), newest=True)
    accounts = risks_by_account(settings.risk_url, 9)
    print_accounts(accounts, freshness(settings.risk_url), "es", output(file))
    text = file.getvalue()
    for words in (
        REASONS["es"],
        ACTIONS["es"],
        "Por qué",
        "probabilidad de baja en 1 día",
        "Cuentas, ",
    ):
        assert words in text
    for heading in ("suscriptores", "bajas esperadas", "se va alguno", "pérdida esperada"):
        assert heading in text
    for words in (REASONS["en"], ACTIONS["en"], "Why", "account", "expected", "riskiest"):
        assert words not in text
    assert "solo se conocen en su idioma" not in text


def test_what_a_night_does_not_know_in_the_readers_language_is_said(settings: Settings):
    reason = {"signal": "x", "column": "x", "value": 1.0, "weight": 1.0, "text": "only English"}
    frame = pl.DataFrame([row("ann", 0.9, reasons=[reason])])
    publish(frame, settings.risk_url, scored_on=NEWEST, model_version="7")
    file = StringIO()
    print_risks(riskiest(settings.risk_url, 9, language="es"), settings, output(file))
    assert "solo se conocen en su idioma (inglés)." in file.getvalue()
    assert "Pérdida esperada de este suscriptor al mes: " in file.getvalue()
