"""A night in another language than it was published in: what can be told again, and what not."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from perdura.features.catalogue import COLUMNS
from perdura.features.topics.phrases import say
from perdura.flows.steps.rewording import rewording
from perdura.models.scoring.action_table import OWN_TABLE, WITH_ANY_TABLE, Action, read_actions
from perdura.risk.api.app import ApiSettings, app_of
from perdura.risk.desk import session
from tests.support.api_served import at_work, token
from tests.support.desk_night import night, row

FAILED = {"signal": "payment_failures", "column": "payments_failed_90d", "value": 2.0}
EVIDENCE = {"table": "payments", "kinds": ("failed",), "days": 90, "only": None}
TWO_FAILED = "2 payments failed in the last 90 days"
DOS_FALLARON = "2 pagos fallaron en los últimos 90 días"
CALL = read_actions()[-1]


def bare(action: Action = CALL, **others: Any) -> dict[str, Any]:
    texts = {"action": action.code, "action_text": action.en, "currency": "EUR"}
    return {"reasons": [], "moved_by": None, **texts, **others}


def told(*reasons: dict[str, Any], **others: Any) -> Any:
    return rewording(None)(bare(reasons=[*reasons], **others), "en", "es")


@pytest.mark.parametrize("name", COLUMNS)
def test_every_reason_can_be_told_in_the_other_language(name):
    column = COLUMNS[name]
    values = ["visa", None] if column.is_category else [None, 0.0, 0.004, 0.37, 1.0, 3.25, 41_234.5]
    for value in values:
        # As a night keeps them: the value of a category is in its words alone.
        kept = None if column.is_category else value
        reason = {"column": name, "value": kept, "text": say(column, value, "en", "EUR")}
        again = told(reason)
        assert again["reasons"][0]["text"] == say(column, value, "es", "EUR")
        assert again["reasons_in"] == "es"


def test_what_was_put_differently_stays_as_it_was_published():
    before = FAILED | {"text": "2 payments bounced"}
    again = told(before, FAILED | {"text": TWO_FAILED})
    kept = before | {"evidence": EVIDENCE}
    assert (again["reasons"][0], again["reasons_in"]) == (kept, "en")  # all of them, or none
    assert told({"signal": "x", "text": "made by hand"})["reasons_in"] == "en"


def test_what_moved_somebody_is_told_again_if_it_is_one_of_the_reasons():
    failed = FAILED | {"text": TWO_FAILED}
    assert told(failed, moved_by=TWO_FAILED)["moved_by"] == DOS_FALLARON
    gone = told(failed, moved_by="Waited 41 hours")
    assert (gone["moved_by"], gone["moved_in"]) == ("Waited 41 hours", "en")


def test_a_reason_of_an_older_night_gets_the_evidence_that_its_feature_declares():
    failed = FAILED | {"text": TWO_FAILED}
    for language in ("en", "es"):
        (reason,) = rewording(None)(bare(reasons=[failed]), "en", language)["reasons"]
        assert reason["evidence"] == EVIDENCE
    kept = failed | {"evidence": {"table": "tickets", "kinds": ["opened"]}}
    assert rewording(None)(bare(reasons=[kept]), "en", "en")["reasons"] == [kept]
    unknown = {"signal": "x", "text": "made by hand"}
    assert rewording(None)(bare(reasons=[unknown]), "en", "en")["reasons"] == [unknown]


def test_words_that_the_night_knows_in_the_readers_language_stay():
    known = dict.fromkeys(("reasons_in", "action_in", "moved_in"), "es")
    row = bare(reasons=[FAILED | {"text": "como sea"}], **known)
    assert told_of(row) == rewording(None)(row, "es", "es")


def told_of(row: dict[str, Any]) -> dict[str, Any]:
    return rewording(None)(row, "en", "es")


def test_actions_are_told_again_by_the_table_that_chose_them(tmp_path: Path):
    for action in (*read_actions(), *WITH_ANY_TABLE):
        again = rewording(None)(bare(action), "en", "es")
        assert (again["action_text"], again["action_in"]) == (action.es, "es")
    own = tmp_path / "actions.toml"
    own.write_text('[[action]]\ncode = "sing"\nen = "Sing"\nes = "Cantar"\n', "utf-8")
    sing = bare(Action(code="sing", en="Sing", es=""))
    assert rewording(own)(sing, "en", "es")["action_text"] == "Cantar"
    for unknown in (sing | {"action": "hum"}, bare(CALL)):
        assert rewording(own)(unknown, "en", "es")["action_in"] == "en"


def test_a_broken_table_or_another_language_leaves_the_words_as_they_are(tmp_path: Path):
    broken = tmp_path / "actions.toml"
    broken.write_text("[[action", "utf-8")
    assert rewording(broken)(bare(), "en", "es")["action_text"] == CALL.en
    assert rewording(None)(bare(), "fr", "es") == bare() | dict.fromkeys(
        ("reasons_in", "action_in", "moved_in"), "fr"
    )


def test_a_page_speaks_the_language_of_its_reader(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/risk.db"
    failed = FAILED | {"text": TWO_FAILED, "weight": 2.0}
    night(url, [row("ann", 0.9, reasons=[failed], action=CALL.code, action_text=CALL.en)])
    held = token(url, "read")
    served = ApiSettings(url=url, language="es", reword=rewording(OWN_TABLE))
    with at_work(app_of(served)) as base:
        for accepted, payments in (("es", DOS_FALLARON), ("en", TWO_FAILED), ("fr", DOS_FALLARON)):
            header = {"Accept-Language": accepted}
            with httpx.Client(base_url=base, cookies={session.SESSION: held}, timeout=60) as client:
                for path in ("/desk", "/desk/subscriber?id=ann"):
                    page = client.get(path, headers=header).text
                    assert payments in page
                    assert (CALL.es in page) is (payments == DOS_FALLARON)
                assert "idioma de la noche" not in page


def test_it_loads_nothing_heavy():
    code = (
        "import sys; from perdura.flows.steps.rewording import rewording;"
        f"assert rewording(None)({bare()!r}, 'en', 'es')['action_in'] == 'es';"
        "print({'lightgbm', 'mlflow', 'prefect', 'sklearn', 'pandas'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
