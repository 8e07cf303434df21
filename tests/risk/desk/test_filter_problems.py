"""What an address asks for and a list does not do is said, in the reader's language."""

import pytest

from perdura.risk.desk.filter_problems import unapplied, unmatched
from perdura.risk.desk.list_filters import ON_PAGE, filters_of, page_filters
from perdura.risk.desk.reader_locale import ReaderLocale
from perdura.risk.schema.recent import STATES_KNOWN

EN, ES = (ReaderLocale(language=code, locale=code) for code in ("en", "es"))


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("band", "hgih", "high, medium, low"),
        ("band", "High", "high, medium, low"),
        ("band", "1", "high, medium, low"),
        ("state", "alive", f"here, {', '.join(STATES_KNOWN)}"),
        ("cause", "price", "voluntary, payment"),
        ("group", "treated", "control"),
        ("new", "yes", "1"),
        ("new", "0", "1"),
        ("lang", "fr", "en, es"),
    ],
)
def test_a_value_that_is_none_is_named_with_those_there_are(name, value, allowed):
    assert list(unapplied([(name, value)], EN)) == [
        f"“{name}={value}” was not applied. Possible values: {allowed}."
    ]
    assert list(unapplied([(name, value)], ES)) == [
        f"«{name}={value}» no se ha aplicado. Valores posibles: {allowed}."
    ]


@pytest.mark.parametrize("name", ["bnad", "Band", "held_out", "minimum", "size", ""])
def test_a_misspelt_filter_is_named_with_those_there_are(name):
    filters = "state, cause, band, action, plan, country, new, account, group"
    (sentence,) = unapplied([(name, "7")], EN)
    assert sentence.startswith(f"“{name}=7” was not applied: there is no such filter. Filters: ")
    assert sorted(sentence.split("Filters: ")[1].rstrip(".").split(", ")) == sorted(
        filters.split(", ")
    )
    (sentence,) = unapplied([(name, "7")], ES)
    assert sentence.startswith(f"«{name}=7» no se ha aplicado: ese filtro no existe. Filtros: ")


def test_a_page_without_filters_says_so():
    address = [("band", "high"), ("after", "x"), ("lang", "es")]
    assert list(unapplied(address, EN, ())) == [
        "“band=high” was not applied: this page has no filters."
    ]
    assert list(unapplied(address, ES, ())) == [
        "«band=high» no se ha aplicado: esta página no tiene filtros."
    ]


@pytest.mark.parametrize("value", ["x" * 201, "two\nlines", "\0", "\N{RIGHT-TO-LEFT OVERRIDE}x"])
def test_a_text_that_no_plan_can_be_is_not_applied_and_shown_on_one_short_line(value):
    (sentence,) = unapplied([("plan", value)], EN)
    shown = sentence.split("”")[0].removeprefix("“")
    assert shown.isprintable()
    assert len(shown) <= 61
    assert sentence.endswith(
        "” was not applied: a value has at most 200 characters and no line breaks."
    )


def test_of_a_filter_that_stands_there_twice_the_last_counts_and_both_are_not_hidden():
    address = [("band", "high"), ("plan", "pro"), ("band", "low")]
    assert filters_of(dict(address))["band"] == "low"
    assert list(unapplied(address, EN)) == [
        "The address has this filter 2 times; only the last, “band=low”, counts."
    ]
    assert list(unapplied(address, ES)) == [
        "Este filtro aparece 2 veces en la dirección; solo cuenta el último, «band=low»."
    ]


def test_what_links_and_the_form_send_is_applied_without_a_word():
    sent = [(name, how.default) for name, (_, how) in ON_PAGE.items()]
    for name, (_, how) in ON_PAGE.items():
        for value in ("", *(how.allowed or ("any words",))):
            assert list(unapplied([(name, value)], EN)) == []
            assert filters_of({name: value})[name] == value
    assert list(unapplied([*sent, ("after", "?"), ("lang", "es")], EN)) == []


def test_every_value_that_a_filter_does_not_take_is_said():
    for name in ON_PAGE:
        for value in ("\0", "x" * 500):
            said = list(unapplied([(name, value)], EN))
            applied = filters_of({name: value})[name] == value
            assert applied != bool(said), (name, value)


def test_a_value_that_no_customer_has_is_named_with_those_there_are():
    values = {"plan": ("basic", "pro"), "country": ()}
    assert list(unmatched(page_filters(plan="goldd"), values, EN)) == [
        "No customer has “plan=goldd”. In the latest data: basic, pro."
    ]
    assert list(unmatched(page_filters(plan="goldd"), values, ES)) == [
        "Ningún cliente tiene «plan=goldd». En los últimos datos hay: basic, pro."
    ]
    assert list(unmatched(page_filters(country="XX"), values, EN)) == [
        "No customer has “country=XX”. In the latest data: –."  # noqa: RUF001
    ]
    assert list(unmatched(page_filters(plan="pro", band="low"), values, EN)) == []
