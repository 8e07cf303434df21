"""The catalogues of the terminal and of assistants: complete, used, with the same blanks."""

import ast
import string
from gettext import NullTranslations
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from perdura import risk
from perdura.risk.integrations.mcp_words import ASSISTANTS
from perdura.risk.messages import LANGUAGES, Messages
from perdura.risk.schema.tables import ADVICE, BANDS
from perdura.risk.terminal.words import TERMINAL, coded

ROOM = Path(risk.__file__).parent
CODE = {
    "TERMINAL": [*(ROOM / "terminal").glob("*.py")],
    "ASSISTANTS": [ROOM / "integrations" / "mcp_words.py"],
}
CATALOGUES = {"TERMINAL": TERMINAL, "ASSISTANTS": ASSISTANTS}
#: Messages that code names by a code of the table, or one after another.
FAMILIES = {
    "TERMINAL": {
        *(f"band_{band}" for band in BANDS),
        *(f"advice_{advice}" for advice in ADVICE),
        *("at_risk", "why", "to_do", "offer", "pays", "risk"),
        *("subscribers", "expected_leavers", "any_leaves", "mrr", "expected_loss"),
        *("without_account", "control_group"),
    },
    "ASSISTANTS": {
        *(f"band_{band}" for band in BANDS),
        *(f"state_{state}" for state in ("trial", "paused", "leaving", "gone")),
    },
}


def texts(messages: Messages, language: str) -> dict[str, list[str]]:
    """The forms of each message: one, or one for each plural."""
    with messages.path_of(language).open("rb") as file:
        found = [message for message in read_po(file, locale=language) if message.id]
    return {
        str(message.id if isinstance(message.id, str) else message.id[0]): (
            [message.string] if isinstance(message.string, str) else list(message.string or ())
        )
        for message in found
    }


def named_in(files: list[Path], catalogue: str) -> set[str]:
    """The messages that calls of ``say`` and ``count`` name by a literal."""
    calls = (
        node
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    )
    return {
        str(call.args[1].value)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == catalogue
        and isinstance(call.args[1], ast.Constant)
    }


@pytest.mark.parametrize("name", CATALOGUES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_missing_or_unused(name: str, language: str):
    used = named_in(CODE[name], name) | FAMILIES[name]
    assert used == texts(CATALOGUES[name], language).keys()


@pytest.mark.parametrize("name", CATALOGUES)
def test_both_languages_have_the_same_blanks_and_plurals(name: str):
    english, spanish = (texts(CATALOGUES[name], language) for language in LANGUAGES)
    for key in english:
        blanks = [
            [
                {blank for _, blank, _, _ in string.Formatter().parse(form) if blank}
                for form in forms
            ]
            for forms in (english[key], spanish[key])
        ]
        assert blanks[0] == blanks[1], key
        assert all((*english[key], *spanish[key])), key


@pytest.mark.parametrize("messages", CATALOGUES.values())
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_that_is_not_there_is_an_error_that_names_the_file(
    messages: Messages, language: str
):
    with pytest.raises(KeyError, match=rf"'unheard_of' in {messages.name}.po \({language}\)"):
        messages.say(language, "unheard_of")
    with pytest.raises(KeyError, match="unheard_of"):
        messages.count(language, "unheard_of", 2)


def test_a_catalogue_is_compiled_once():
    first: NullTranslations = TERMINAL.catalogue("en")
    assert TERMINAL.catalogue("en") is first
    assert TERMINAL.catalogue("es") is not first


@pytest.mark.parametrize(
    ("n", "en", "es"),
    [
        (0, "0 days.", "los próximos 0 días."),
        (1, "1 day.", "1 día."),
        (2, "2 days.", "los próximos 2 días."),
        (1_001, "1,001 days.", "los próximos 1.001 días."),
    ],
)
def test_numbers_choose_the_plural_and_are_written_as_in_the_language(n: int, en: str, es: str):
    assert TERMINAL.count("en", "horizon", n).endswith(f"within {en}")
    assert TERMINAL.count("es", "horizon", n).endswith(f"baja en {es}")


def test_a_code_without_a_word_is_shown_readable():
    assert coded("advice", "save", "en") == "retain"
    assert coded("advice", "save", "es") == "retener"
    assert (
        coded("advice", "call_the_boss\x1b[2J", "es") == "call the boss\N{REPLACEMENT CHARACTER}[2J"
    )
