"""Advice in messages names settings as they are called today: the group, a dot and the key."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from perdura.flows.configuration.setting_names import GROUPS, NAMES, RENAMED
from perdura.models.dataset.single_class import why_too_few
from perdura.models.params import TrainingParams
from perdura.models.predictor.target import SETTINGS, Question
from tests.models.promotion.test_diagnosis import diagnosis, rows

ROOT = Path(__file__).parents[3]
#: Keys that no sentence holds as an ordinary word: `horizon_days`, but not `calls`.
FLAT = "|".join(sorted(name for name in RENAMED if "_" in name))
GROUP = "|".join(GROUPS)
#: The keys' own declarations.
DECLARED = ("flows/configuration/setting_names.py", "flows/configuration/groups.py")


def messages() -> Iterator[tuple[str, str]]:
    """Every text of the rooms that give advice, adjacent parts joined; where it stands."""
    for room in ("flows", "models"):
        for file in sorted((ROOT / room).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if name in DECLARED:
                continue
            for node in ast.walk(without_docstrings(ast.parse(file.read_text("utf-8")))):
                if isinstance(node, ast.JoinedStr):
                    parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
                    yield f"{name}:{node.lineno}", " ... ".join(map(str, parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{name}:{node.lineno}", node.value


def without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                line
                for line in body
                if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
            ]
    return tree


def test_no_advice_names_a_flat_key_as_something_to_set():
    advice = re.compile(rf"(?<![\w.])({FLAT}|split|churn|calls) = ")
    # A key that stands below the name of its group is no flat one.
    below = re.compile(rf"^\[(?:{GROUP})\]\n(?:.+\n)+", re.MULTILINE)
    flat = {where: text for where, text in messages() if advice.search(below.sub("", text))}
    # What a file held before is named as it stands there.
    assert [where for where in flat if "home_file.py" not in where] == []


def test_every_grouped_name_in_a_message_is_a_setting():
    grouped = re.compile(rf"(?<![\w./:])((?:{GROUP})\.[a-z_]+)(?= |,|\)|=|;|$)")
    named = {
        (where, name) for where, text in messages() if " " in text for name in grouped.findall(text)
    }
    assert [(where, name) for where, name in sorted(named) if name not in NAMES] == []
    assert {"churn.horizon_days", "training.split", "schedule.make_up_nights"} <= {
        name for _, name in named
    }


@pytest.mark.parametrize(
    ("words", "setting"),
    [
        (why_too_few(rows([5] * 3), TrainingParams()), "no setting makes up for that"),
        (why_too_few(rows([5] * 12, people=9), TrainingParams()), "churn.horizon_days = 60"),
        (why_too_few(rows([9] * 12, people=9), TrainingParams()), "churn.horizon_days = 15"),
        (why_too_few(rows([0] * 3), TrainingParams(grace_days=7)), "churn.grace_days = 7"),
        (why_too_few(rows([0] * 3), TrainingParams()), "churn.rule = 'silence'"),
        (why_too_few(rows([0, 0, 90]), TrainingParams()), "training.split = 'subscribers'"),
        (diagnosis(0.1, 0.05, 0.1).level_off(), "churn.grace_days = 15 (now 30)"),
        (diagnosis(0.1, 0.05, 0.1).level_off(), "training.step_days = 7"),
        (diagnosis(0.1, 0.1, 0.1).ranks_badly(), "churn.horizon_days = 60 (now 30)"),
        (diagnosis(0.1, 0.1, 0.1).no_lift(), "support.calls"),
    ],
)
def test_the_setting_to_try_is_written_as_a_file_of_settings_takes_it(words: str, setting: str):
    assert setting in words


def test_what_two_models_differ_in_is_named_by_its_setting():
    assert set(SETTINGS.values()) <= set(NAMES)
    month, silence = (Question.of(TrainingParams(churn=churn)) for churn in ("contract", "silence"))
    assert (
        silence.differences(month) == "churn.rule silence, not contract, churn.grace_days 0, not 30"
    )
