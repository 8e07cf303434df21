"""What the pages say, and where they draw it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from perdura.risk.desk.charts import line, widths
from perdura.risk.desk.desk import sentence_case
from perdura.risk.desk.event_markers import marks
from perdura.risk.desk.messages import FAMILIES
from perdura.risk.desk.reader_locale import DETAILS, reader_locale_of
from perdura.risk.desk.sentence import in_short
from perdura.risk.query.portfolio import portfolio_of
from perdura.risk.schema.contacts import ACTIONS
from perdura.risk.schema.tables import BANDS
from perdura.risk.store.connect import reading
from perdura.risk.table import read
from perdura.sources.simulator.billing import FAILURE_CODES
from perdura.sources.simulator.support import ACTIONS as SIMULATED_ACTIONS
from perdura.sources.simulator.support import TOPICS
from tests.support.desk_night import NEWEST, REASONS, made

ENGLISH, SPANISH = reader_locale_of("en"), reader_locale_of("es")
ROW = {
    "mrr": 1_140,
    "currency": "EUR",
    "plan": "basic",
    "risk": 0.81,
    "risk_payment": 0.77,
    "risk_voluntary": 0.04,
    "band": "high",
    "state": "past_due",
    "state_scored": "past_due",
    "state_since": None,
    "reasons": REASONS,
    "horizon_days": 60,
}


@pytest.mark.parametrize(
    ("accept", "wished", "found"),
    [
        ("", None, "en en"),
        ("es", None, "es es"),
        ("es-MX,es;q=0.9,en;q=0.8", None, "es es_MX"),
        ("fr-FR, en-GB;q=0.7, es;q=0.9", None, "es es"),
        ("en-GB,es-MX;q=0.5", "es", "es es_MX"),
        ("en-GB", "es", "es es"),
        ("es;q=0, en", None, "en en"),
        ("xx-!!,;;;q=,é,en-ZZZZZZZZZZ", "klingon", "en en"),
        ("es" * 100_000, None, "en en"),
    ],
)
def test_a_reader_is_spoken_to_as_the_browser_wishes_unless_the_switch_was_used(
    accept, wished, found
):
    locale = reader_locale_of(accept, wished)
    assert f"{locale.language} {locale.locale}" == found


@pytest.mark.parametrize(
    ("accept", "written"),
    [
        ("en-US", "€1,234.50 81% November 1, 2026"),
        ("en-GB", "€1,234.50 81% 1 November 2026"),
        ("es-ES", "1.234,50 € 81 % 1 de noviembre de 2026"),
        ("es-MX", "EUR1,234.50 81 % 1 de noviembre de 2026"),
    ],
)
def test_money_shares_and_days_are_written_as_in_the_place(accept, written):
    locale = reader_locale_of(accept)
    day = locale.day(date(2026, 11, 1))
    told = f"{locale.money(123_450, 'EUR')} {locale.percent(0.8135)} {day}"
    assert told.replace("\N{NO-BREAK SPACE}", " ") == written


@pytest.mark.parametrize(
    ("share", "written"),
    [(0, "0%"), (0.0001, "0.1%"), (0.043, "4.3%"), (0.9999, "99%"), (1, "100%")],
)
def test_nothing_is_certain_that_is_not(share, written):
    assert ENGLISH.percent(share) == written


def test_a_customer_in_short():
    assert in_short(ROW, ENGLISH, "en") == (
        "They pay €11.40 a month on the Basic plan. About 81 in 100 customers like this cancel "
        "within 60 days, mostly after a failed payment. Main reasons: 2 payments failed in the "
        "last 90 days; 1 ticket is still open."
    )


@pytest.mark.parametrize(
    ("locale", "texts", "said"),
    [
        (
            ENGLISH,
            ("5 tickets were opened in the last 90 days", "gave support 1 bad rating"),
            "Main reasons: 5 tickets were opened in the last 90 days; gave support 1 bad rating.",
        ),
        (
            SPANISH,
            ("se abrieron 5 tickets en los últimos 90 días", "dio 1 mala valoración al soporte"),
            (
                "Principales motivos: se abrieron 5 tickets en los últimos 90 días; dio 1 mala "
                "valoración al soporte."
            ),
        ),
    ],
)
def test_reasons_with_and_without_a_subject_stand_side_by_side_and_are_no_one_sentence(
    locale, texts, said
):
    row = ROW | {"reasons": [{"text": text} for text in texts]}
    assert in_short(row, locale, locale.language).endswith(said)


def test_a_night_that_does_not_say_within_how_many_days_says_soon():
    assert "cancel soon, mostly" in in_short(ROW | {"horizon_days": None}, ENGLISH, "en")
    assert "cancel within 1 day, mostly" in in_short(ROW | {"horizon_days": 1}, ENGLISH, "en")


def test_shares_of_a_hundred_are_whole_sentences():
    one, few = ROW | {"risk": 0.01, "band": "low"}, ROW | {"risk": 0.004, "band": "low"}
    assert "About 1 in 100 customers like this cancels within 60 days." in in_short(
        one, ENGLISH, "en"
    )
    assert "Alrededor de 1 de cada 100 clientes como este se da de baja" in in_short(
        one, SPANISH, "es"
    )
    assert "Fewer than 1 in 100 customers like this cancels" in in_short(few, ENGLISH, "en")
    alone = ROW | {"reasons": REASONS[:1]}
    assert "Main reason: 2 payments failed" in in_short(alone, ENGLISH, "en")


def test_names_stand_as_names():
    assert [ENGLISH.plan(name) for name in ("business", "Pro", "pro_2024", "XL")] == [
        "Business",
        "Pro",
        "pro_2024",
        "XL",
    ]
    assert sentence_case("última factura sin pagar") == "Última factura sin pagar"
    assert sentence_case("") == ""
    assert (ENGLISH.language_named("es"), SPANISH.language_named("en")) == ("Spanish", "inglés")
    assert SPANISH.named("kind", "unheard_of") == "unheard_of"
    assert SPANISH.sources(["payments", "tickets"]) == "pagos y tickets"


@pytest.mark.parametrize(
    ("accept", "written"), [("en-US", "Nov 1"), ("en-GB", "1 Nov"), ("es", "1 nov")]
)
def test_short_days_are_written_as_in_the_place(accept, written):
    assert reader_locale_of(accept).short_day(date(2026, 11, 1)) == written


def test_columns_that_are_new_to_the_model_are_named_in_words():
    assert ENGLISH.columns("plan, payment_method") == "plan and payment method"
    assert SPANISH.columns("plan, payment_method") == "plan y forma de pago"
    assert SPANISH.columns("team_size") == "team_size"


def test_reasons_in_another_language_are_not_said():
    assert in_short(ROW, SPANISH, "en") == (
        "Paga 11,40\N{NO-BREAK SPACE}€ al mes con el plan Basic. Unos 81 de cada 100 clientes como "
        "este se dan de baja en un plazo de 60 días, sobre todo por un pago fallido."
    )


def test_who_has_left_is_not_at_risk():
    left = ROW | {"state": "leaving", "state_since": datetime(2026, 11, 1, 7, tzinfo=UTC)}
    assert in_short(left, ENGLISH, "en").endswith(
        "They have cancelled since this score was calculated (Nov 1, 2026, "
        "7:00\N{NARROW NO-BREAK SPACE}AM UTC), so it no longer applies."
    )
    assert "in 100" not in in_short(left | {"state": "gone"}, ENGLISH, "en")


def test_reasons_point_to_events_of_their_kind_in_their_window_that_were_known():
    as_of = datetime(2026, 11, 1, tzinfo=UTC)

    def event(days: float, kind: str = "failed", known: float | None = None) -> dict:
        source = "tickets" if kind == "opened" else "payments"
        at, then = (as_of - timedelta(days=d) for d in (days, days if known is None else known))
        return {"happened_at": at, "known_at": then, "source": source, "kind": kind}

    events = [
        event(90),  # the window's first moment is in it
        event(90.01),
        event(5, "paid"),
        event(0),  # as_of itself is not
        event(1, known=0),  # happened before, known too late
        event(3, "opened"),
    ]
    assert marks(REASONS, events, as_of) == {0: [0], 5: [1]}
    failed = {"table": "payments", "kinds": ["failed"]}
    assert marks([{"evidence": failed | {"only": "last"}}], events, as_of) == {0: [0]}
    assert marks([{"evidence": failed | {"only": "first"}}], events, as_of) == {1: [0]}
    assert marks([{"evidence": failed}], events, as_of) == {0: [0], 1: [0]}  # however old
    assert marks([{"evidence": {"table": "tickets", "kinds": []}}], events, as_of) == {5: [0]}
    assert marks([{"signal": "unheard_of"}, {}, {"evidence": None}], events, as_of) == {}


def test_a_line_leaves_gaps_where_nights_are_missing():
    days = [date(2026, 10, 1) + timedelta(days=n) for n in (0, 1, 2, 20, 21)]
    drawn = line([(day, 0.1) for day in days], 1.0)
    assert [(a.day.day, b.day.day) for a, b in drawn.joined] == [(1, 2), (2, 3), (21, 22)]
    assert [value for _, value in drawn.grid] == [0, 0.05, 0.1]
    assert all(0 < dot.x < 100 and 0 < dot.y < 100 for dot in drawn.dots)


def test_lines_and_bars_of_nothing():
    day = date(2026, 10, 1)
    assert line([(day, 0.0), (day + timedelta(days=1), 0.0)]).dots[0].value == 0
    assert widths([]) == []
    assert widths([0, 0]) == [0, 0]
    assert widths([1, 1_000_000]) == [0.6, 100]  # what is not nothing can be seen


def test_the_book_adds_up_to_the_rows(tmp_path):
    url = f"sqlite:///{tmp_path}/risk.db"
    made(url)
    rows = read(url)
    with reading(url) as connection:
        portfolio = portfolio_of(connection, [NEWEST])
    assert {entry.band for entry in portfolio} == set(BANDS)
    for currency in ("EUR", "JPY"):
        of_it = [entry for entry in portfolio if entry.currency == currency]
        in_it = rows[rows["currency"] == currency]
        assert sum(e.expected_loss for e in of_it) == in_it["expected_loss"].sum()
        assert sum(e.mrr for e in of_it) == in_it["mrr"].sum()
        assert sum(e.subscribers for e in of_it) == len(in_it)


@pytest.mark.parametrize(
    ("source", "code", "english", "spanish"),
    [
        ("payments", "card_declined", "Card declined", "Tarjeta rechazada"),
        ("payments", "insufficient_funds", "Insufficient funds", "Saldo insuficiente"),
        ("tickets", "billing", "Billing", "Facturación"),
        ("tickets", "card_declined", "Card declined", "Card declined"),  # is no topic of ours
        ("subscriptions", "business", "Business", "Business"),
        ("subscriptions", "pro_2024", "pro_2024", "pro_2024"),  # a plan is a name
        ("contacts", "called", "Called", "Llamada hecha"),
        ("contacts", "email", "Email", "Correo"),
        ("payments", "bank_said_no", "Bank said no", "Bank said no"),
        ("payments", "R01 NSF", "R01 NSF", "R01 NSF"),
        ("tickets", "ñandú", "Ñandú", "Ñandú"),
        ("usage", "logged_in", "Logged in", "Logged in"),
        ("payments", None, "", ""),
        ("payments", "", "", ""),
    ],
)
def test_details_of_events_are_words_and_a_code_without_words_is_readable(
    source, code, english, spanish
):
    assert ENGLISH.detail(source, code) == english
    assert SPANISH.detail(source, code) == spanish


def test_every_code_of_the_simulated_company_has_words():
    for source, codes in {
        "payments": FAILURE_CODES,
        "tickets": TOPICS,
        "contacts": (*SIMULATED_ACTIONS, *ACTIONS),
    }.items():
        for code in codes:
            assert any(code in FAMILIES[family] for family in DETAILS[source]), code


def test_no_two_columns_of_the_risk_history_have_one_heading():
    for locale in (ENGLISH, SPANISH):
        headings = [locale.say(key) for key in ("date", "risk", "band")]
        assert len(set(headings)) == 3
