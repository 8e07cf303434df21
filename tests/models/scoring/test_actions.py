"""What to do: the first entry of a small table that fits the strongest reason it can answer."""

from pathlib import Path

import polars as pl
import pytest

from perdura.features.catalogue import FEATURES
from perdura.models.scoring.action_table import BadActions, read_actions
from perdura.models.scoring.actions import choose_actions
from perdura.models.scoring.reasons import REASON
from perdura.models.scoring.score import score
from tests.support.made_up import COLUMNS, NAMES, trained, training_set

TABLE = """
[[action]]
code = "hold"
signals = ["payment_failures"]
causes = ["payment"]
en = "Hold the account"
es = "Mantener la cuenta"

[[action]]
code = "call_back"
signals = ["payment_failures", "open_tickets"]
states = ["active"]
en = "Call back"
es = "Devolver la llamada"

[[action]]
code = "visit"
risk_from = 0.8
en = "Visit"
es = "Visitar"

[[action]]
code = "check_in"
en = "Check in"
es = "Preguntar"
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "actions.toml"
    path.write_text(TABLE, encoding="utf-8")
    return path


def scored(*signals: str, risk: float = 0.3, payment: float = 0.0, state: str = "active"):
    reasons = [{"signal": signal, "text": signal} for signal in signals]
    return pl.DataFrame(
        {
            "state": [state],
            "risk": [risk],
            "risk_payment": [risk * payment],
            "risk_voluntary": [risk * (1 - payment)],
            "reasons": pl.Series([reasons], dtype=pl.List(REASON)),
        }
    )


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (scored("payment_failures", payment=0.9), "hold"),
        (scored("payment_failures", payment=0.2), "call_back"),
        (scored("payment_failures", payment=0.2, state="past_due"), "check_in"),
        (scored("usage", "open_tickets"), "call_back"),
        (scored("usage"), "check_in"),
        (scored("usage", risk=0.8), "visit"),
        (scored("open_tickets", risk=0.9), "call_back"),
        (scored(), "check_in"),
        (scored(risk=0.9), "visit"),
    ],
)
def test_the_first_entry_that_fits_the_strongest_reason_decides(table, row, code):
    assert choose_actions(row, read_actions(table))["action"].to_list() == [code]


@pytest.mark.parametrize(
    ("advice", "english", "spanish"),
    [
        ("save", "Call back", "Devolver la llamada"),
        ("offer", "Call back", "Devolver la llamada"),
        ("leave_alone", "Do not contact for now", "No contactar por ahora"),
    ],
)
def test_do_not_contact_goes_before_whatever_else_could_be_done(table, advice, english, spanish):
    row = scored("open_tickets").with_columns(advice=pl.lit(advice))
    texts = (
        choose_actions(row, read_actions(table), "en")["action_text"],
        choose_actions(row, read_actions(table), "es")["action_text"],
    )
    assert [text.to_list() for text in texts] == [[english], [spanish]]


def test_the_words_are_in_the_language_asked_for(table):
    chosen = choose_actions(scored("open_tickets"), read_actions(table), "es")
    assert chosen.rows() == [("call_back", "Devolver la llamada")]


def test_every_signal_that_we_measure_has_an_action_of_its_own():
    ours = read_actions()
    for signal in {feature.signal for feature in FEATURES}:
        assert choose_actions(scored(signal), ours)["action"][0] != "check_in", signal


@pytest.mark.parametrize(
    ("signal", "code"),
    [
        ("open_tickets", "close_open_tickets"),
        ("slow_support", "answer_faster"),
        ("reopened", "find_the_root"),
        ("payment_method", "offer_other_method"),
    ],
)
def test_what_is_told_to_do_fits_what_was_seen(signal, code):
    assert choose_actions(scored(signal), read_actions())["action"].to_list() == [code]


def test_only_open_tickets_are_answered_and_nobody_is_told_that_they_are_new():
    for action in read_actions():
        assert ("open tickets" in action.en) == ("open_tickets" in action.signals), action.code
        assert "first weeks" not in action.en
        assert "primeras semanas" not in action.es


@pytest.mark.parametrize(
    ("payment", "code"), [(0.9, "update_payment_method"), (0.2, "ask_about_payment")]
)
def test_the_card_is_asked_for_only_of_those_at_risk_by_payment(payment, code):
    row = scored("payment_failures", payment=payment)
    assert choose_actions(row, read_actions())["action"].to_list() == [code]


def test_a_shop_has_no_plans_to_review_and_no_renewals():
    shop = {
        signal: choose_actions(scored(signal), read_actions(), churn="silence")["action_text"][0]
        for signal in {feature.signal for feature in FEATURES}
    }
    assert not {s: text for s, text in shop.items() if "plan" in text or "renewal" in text}
    assert shop["money"] == shop["payment_activity"] != shop["renewal"]


def test_a_signal_that_nobody_foresaw_gets_the_last_resort():
    assert choose_actions(scored("moon_phase"), read_actions())["action"].to_list() == ["check_in"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("not toml [", "cannot be read"),
        ("", "have no last resort"),
        (TABLE.rpartition("[[action]]")[0] + '[[action]]\ncode="x"\nen="x"\nes="x"\nstates=["a"]',
         "have no last resort"),
        (TABLE.replace('es = "Visitar"', ""), r"'visit' lacks \['es'\]"),
        (TABLE.replace("signals", "signal"), r"'hold' lacks .* unknown keys \['signal'\]"),
        (TABLE.replace('"payment"]', '"money"]'), r"has causes = \['money'\]"),
        (TABLE.replace('causes = ["payment"]', 'churn = ["shop"]'), r"has churn = \['shop'\]"),
        (TABLE.replace("0.8", "80"), "a risk lies between 0 and 1"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used_is_refused_with_what_to_do(table, wrong, said):
    table.write_text(wrong, encoding="utf-8")
    with pytest.raises(BadActions, match=said):
        read_actions(table)


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadActions, match=r"nowhere\.toml cannot be read"):
        read_actions(tmp_path / "nowhere.toml")


ROWS = training_set().rows.select("subscriber_id", "as_of", *NAMES).head(300)
ABOUT = training_set().about.head(300)


def test_a_score_is_risk_reasons_and_action_beside_what_is_told():
    scores = score(trained().model, ROWS, COLUMNS, about=ABOUT, language="es")
    assert scores.columns == [
        *["subscriber_id", "plan", "currency", "mrr", "risk", "risk_voluntary", "risk_payment"],
        *["reasons", "action", "action_text", "offer", "advice", "unknown_values"],
    ]
    assert scores["subscriber_id"].equals(ROWS["subscriber_id"])
    assert (
        scores.null_count().select("risk", "reasons", "action", "action_text", "advice").row(0)
        == (0,) * 5
    )
    riskiest = scores.sort("risk").row(-1, named=True)
    assert riskiest["reasons"]
    assert riskiest["action"] != "check_in"


def test_a_score_needs_nothing_told():
    assert score(trained().model, ROWS, COLUMNS).columns[:2] == ["subscriber_id", "risk"]


def test_what_is_told_of_other_people_is_refused():
    with pytest.raises(ValueError, match="give both from one spine"):
        score(trained().model, ROWS, COLUMNS, about=ABOUT.reverse())
