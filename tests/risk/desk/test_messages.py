"""The catalogues of the pages: complete, used, and with the same blanks in both languages."""

import ast
import string
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from perdura.risk.desk.desk import HERE
from perdura.risk.desk.messages import FAMILIES, LANGUAGES, catalogue, path_of
from perdura.sources.events import CONTACTS, PAYMENTS, SUBSCRIPTIONS, TICKETS

DIRECT, BY_FAMILY = {"say", "count"}, "named"


def read(language: str) -> Catalog:
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def key_of(message: Message) -> str:
    return str(message.id if isinstance(message.id, str) else message.id[0])


MESSAGES = {
    language: {key_of(message): message for message in read(language) if message.id}
    for language in LANGUAGES
}


def forms(message: Message) -> list[str]:
    """The text, or one for each plural form."""
    found = message.string
    return [found] if isinstance(found, str) else list(found or ())


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@dataclass(frozen=True)
class Call:
    """A call of the reader's locale: what its first argument can be, and the blanks it fills."""

    where: str
    method: str
    names: tuple[str, ...]
    given: frozenset[str]


def in_templates() -> Iterator[Call]:
    for file in sorted((HERE / "templates").glob("*.html")):
        tree = Environment(autoescape=True).parse(file.read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            target = call.node
            if isinstance(target, nodes.Getattr) and target.attr in {*DIRECT, BY_FAMILY}:
                given = frozenset(keyword.key for keyword in call.kwargs)
                names = tuple(in_template(call.args[0]))
                yield Call(f"{file.name}:{call.lineno}", target.attr, names, given)


def in_template(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.CondExpr):
        yield from in_template(node.expr1)
        if node.expr2:
            yield from in_template(node.expr2)
    elif isinstance(node, nodes.Const):
        yield node.value
    else:
        pytest.fail(f"line {node.lineno}: a message is named by a literal or a family")


def in_code() -> Iterator[Call]:
    for file in sorted(HERE.glob("*.py")):
        if file.name == "reader_locale.py":  # where the methods are
            continue
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                method, first = call.func.attr, call.args[0] if call.args else None
                if method in {*DIRECT, BY_FAMILY} and isinstance(first, ast.Constant):
                    given = frozenset(str(keyword.arg) for keyword in call.keywords)
                    yield Call(f"{file.name}:{call.lineno}", method, (str(first.value),), given)


CALLS = [*in_templates(), *in_code(), Call("points", "say", ("points",), frozenset({"n"}))]
NAMED = {f"{family}_{name}" for family, names in FAMILIES.items() for name in names}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_missing_or_unused(language):
    direct = {name for call in CALLS if call.method in DIRECT for name in call.names}
    assert direct | NAMED == MESSAGES[language].keys()


def test_every_family_is_used_and_every_used_family_is_declared():
    used = {name for call in CALLS if call.method == BY_FAMILY for name in call.names}
    in_locale = {"column", "source", "failure", "topic", "contact"}  # reader_locale.py
    assert used | in_locale == FAMILIES.keys()


def test_both_languages_have_the_same_blanks_and_plurals():
    english, spanish = MESSAGES["en"], MESSAGES["es"]
    for key, message in english.items():
        told = [{frozenset(blanks(text)) for text in forms(m)} for m in (message, spanish[key])]
        assert told[0] == told[1], key
        assert len(told[0]) == 1, key
        assert message.pluralizable == spanish[key].pluralizable, key


def test_every_call_fills_the_blanks_of_its_message():
    for call in CALLS:
        for name in call.names if call.method in DIRECT else ():
            message = MESSAGES["en"][name]
            counted = {"n"} if call.method == "count" else set()
            assert call.given | counted >= blanks(forms(message)[0]), f"{call.where}: {name}"
            assert message.pluralizable == (call.method == "count"), f"{call.where}: {name}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_has_a_text_and_none_is_fuzzy_or_obsolete(language):
    for key, message in MESSAGES[language].items():
        assert all(forms(message)), key
        assert not message.fuzzy, key
    assert not read(language).obsolete


def test_long_texts_are_translated():
    same = [
        key
        for key, message in MESSAGES["en"].items()
        if forms(message) == forms(MESSAGES["es"][key]) and len(forms(message)[0]) > 25
    ]
    assert same == []


def test_everything_that_can_happen_has_a_message():
    for table in (PAYMENTS, TICKETS, SUBSCRIPTIONS, CONTACTS):
        assert set(table.kinds) <= set(FAMILIES["kind"]), table.name
        assert table.name in FAMILIES["source"]


def test_a_message_that_is_not_there_is_an_error():
    with pytest.raises(KeyError, match="unheard_of"):
        catalogue("en").gettext("unheard_of")
    with pytest.raises(KeyError, match="unheard_of"):
        catalogue("es").ngettext("unheard_of", "unheard_of", 2)
