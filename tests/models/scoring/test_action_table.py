"""The table of actions: read as it is written, or refused with what to write instead."""

import pytest

from perdura.models.scoring.action_table import (
    HOLD_OUT,
    LEAVE_ALONE,
    OWN_TABLE,
    WITH_ANY_TABLE,
    Action,
    BadActions,
    read_actions,
    translations,
)

LAST = """
[[action]]
code = "look"
en = "Look."
es = "Mira."
"""
FIRST = """
[[action]]
code = "card"
en = "Ask for another card."
es = "Pide otra tarjeta."
signals = ["payment_failures", "unpaid_invoices"]
causes = ["payment"]
churn = ["contract"]
states = ["past_due"]
risk_from = 0.25
"""


def written(tmp_path, text: str):
    file = tmp_path / "actions.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_entries_are_read_in_their_order(tmp_path):
    assert read_actions(written(tmp_path, FIRST + LAST)) == (
        Action(
            code="card",
            en="Ask for another card.",
            es="Pide otra tarjeta.",
            signals=("payment_failures", "unpaid_invoices"),
            causes=("payment",),
            churn=("contract",),
            states=("past_due",),
            risk_from=0.25,
        ),
        Action(code="look", en="Look.", es="Mira."),
    )


@pytest.mark.parametrize(("value", "risk"), [("0", 0.0), ("1", 1.0), ("0.5", 0.5)])
def test_a_risk_is_between_zero_and_one(tmp_path, value, risk):
    text = FIRST.replace("risk_from = 0.25", f"risk_from = {value}") + LAST
    assert read_actions(written(tmp_path, text))[0].risk_from == risk


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "have no last resort"),
        (FIRST, "end the file with an \\[\\[action\\]\\] that has a code, en and es, and nothing"),
        (LAST + FIRST, "have no last resort"),
        (LAST + "risk_from = 0.1", "have no last resort"),
        (LAST + 'states = ["active"]', "have no last resort"),
        (LAST.replace('es = "Mira."', ""), r"'look' lacks \['es'\] and has the unknown keys \[\]"),
        (
            LAST.replace("code", "kode"),
            r"the action '\?' lacks \['code'\] .* unknown keys \['kode'\]",
        ),
        (
            FIRST.replace('"payment"]', '"card"]') + LAST,
            r"causes = \['card'\]; causes is a list of",
        ),
        (FIRST.replace('"contract"]', '"trial"]') + LAST, "'contract' and 'silence'"),
        (FIRST.replace("0.25", "25") + LAST, "risk_from = 25; a risk lies between 0 and 1"),
        (FIRST.replace("0.25", "-0.1") + LAST, "risk_from = -0.1"),
        (FIRST.replace("0.25", '"high"') + LAST, "risk_from = 'high'"),
        ("[[action]", "cannot be read"),
    ],
)
def test_a_table_that_is_not_valid_is_refused_with_its_path(tmp_path, text, message):
    file = written(tmp_path, text)
    with pytest.raises(BadActions, match=message) as refused:
        read_actions(file)
    assert str(file) in str(refused.value)


def test_texts_are_translated_and_those_of_no_contact_too(tmp_path):
    file = written(tmp_path, FIRST + LAST)
    assert translations(file, "en") == {
        HOLD_OUT.en: {"es": HOLD_OUT.es},
        LEAVE_ALONE.en: {"es": LEAVE_ALONE.es},
        "Ask for another card.": {"es": "Pide otra tarjeta."},
        "Look.": {"es": "Mira."},
    }
    assert translations(file, "es")["Mira."] == {"en": "Look."}


def test_by_default_the_table_that_comes_along_is_read():
    assert read_actions() == read_actions(OWN_TABLE)
    assert set(translations(None, "en")) == {one.en for one in (*WITH_ANY_TABLE, *read_actions())}
    assert len({one.code for one in read_actions()}) == len(read_actions())
