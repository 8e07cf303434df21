"""The answers to an assistant in sentences."""

from __future__ import annotations

from pathlib import Path

from babel.dates import format_date

from perdura.risk.integrations.mcp_answers import (
    AccountAnswer,
    Calls,
    Companies,
    FreshAnswer,
    MovedAnswer,
    PersonAnswer,
    Why,
)
from perdura.risk.messages import Language, Messages
from perdura.risk.money import totals, written
from perdura.risk.terminal.words import percent

ASSISTANTS = Messages(Path(__file__).parent / "locale", "assistants")
_SCORED = ("active", "past_due")
_NIGHTS_BACK = 30


def fresh(answer: FreshAnswer, language: Language, *, whole: bool = False) -> str:
    """Which night it is, and what a reader must know of it; ``whole``: also what is well."""
    day = format_date(answer.scored_on, "long", locale=language)
    until = f"{answer.valid_until:%Y-%m-%d %H:%M} UTC"
    sentences = [ASSISTANTS.count(language, "night", answer.subscribers, day=day)]
    if answer.stale:
        sentences.insert(0, ASSISTANTS.say(language, "stale", moment=until))
    elif whole:
        sentences.append(ASSISTANTS.say(language, "current", moment=until))
    if answer.trial:
        sentences.insert(0, ASSISTANTS.say(language, "trial"))
    if answer.horizon_days is not None:
        sentences.append(ASSISTANTS.count(language, "horizon", answer.horizon_days))
    if answer.degraded:
        sources = ", ".join(answer.degraded)
        sentences.append(ASSISTANTS.say(language, "degraded", sources=sources))
    return " ".join(sentences)


def calls(answer: Calls, language: Language) -> str:
    """A numbered list."""
    sentences = [
        ASSISTANTS.say(language, "call", number=number, **_person(person, language))
        for number, person in enumerate(answer.people, 1)
    ]
    return _list(answer.freshness, sentences, language)


def companies(answer: Companies, language: Language) -> str:
    """A numbered list of accounts."""
    sentences = [
        ASSISTANTS.count(
            language, "account", account.subscribers, number=number, **_company(account, language)
        )
        for number, account in enumerate(answer.accounts, 1)
    ]
    return _list(answer.freshness, sentences, language, more=answer.more)


def moved(answer: MovedAnswer, language: Language) -> str:
    """A line for each."""
    sentences = [
        ASSISTANTS.say(
            language,
            "move",
            subscriber=move.subscriber_id,
            before=ASSISTANTS.say(language, f"band_{move.band_before}"),
            risk_before=percent(move.risk_before, language),
            why=move.moved_by or "",
            **_risk(move, language),
        ).rstrip()
        for move in answer.people
    ]
    return _list(answer.freshness, sentences, language, more=answer.more)


def why(answer: Why, subscriber_id: str, language: Language) -> str:
    """One subscriber in a few sentences."""
    sentences = [fresh(answer.freshness, language)]
    if answer.person is not None:
        return " ".join(sentences + _scored(answer, answer.person, language))
    sentences.append(ASSISTANTS.say(language, "not_scored", subscriber=subscriber_id))
    for last in answer.history[-1:]:
        day = format_date(last.scored_on, "long", locale=language)
        sentences.append(ASSISTANTS.say(language, "last_scored", day=day, **_risk(last, language)))
    return " ".join(sentences)


def _list(night: FreshAnswer, lines: list[str], language: Language, *, more: bool = False) -> str:
    found = lines or [ASSISTANTS.say(language, "none")]
    last = [ASSISTANTS.say(language, "more")] if more else []
    return "\n".join([fresh(night, language), *found, *last])


def _scored(answer: Why, person: PersonAnswer, language: Language) -> list[str]:
    row, sentences = person.model_dump(), list[str]()
    if row["state"] not in _SCORED:
        state = ASSISTANTS.say(language, f"state_{row['state']}")
        sentences.append(ASSISTANTS.say(language, "left", state=state))
    if row["held_out"]:
        sentences.append(ASSISTANTS.say(language, "held_out"))
    parts = {name: percent(row[f"risk_{name}"], language) for name in ("voluntary", "payment")}
    values = _person(person, language) | parts
    sentences.append(ASSISTANTS.say(language, "why", rank=row["rank"], **values))
    for past in answer.history[-_NIGHTS_BACK - 1 : -1][:1]:
        day = format_date(past.scored_on, "long", locale=language)
        sentences.append(ASSISTANTS.say(language, "since", day=day, **_risk(past, language)))
    return sentences


def _person(person: PersonAnswer, language: Language) -> dict[str, str]:
    money, row = "", person.model_dump()
    if row["expected_loss"] is not None and row["mrr"] is not None and row["currency"]:
        loss, mrr = (
            written(row[name], row["currency"], language) for name in ("expected_loss", "mrr")
        )
        money = ASSISTANTS.say(language, "money", loss=loss, mrr=mrr)
    return {
        "subscriber": row["subscriber_id"],
        "money": money,
        "why": "; ".join(row["reasons"]) or ASSISTANTS.say(language, "nothing_stands_out"),
        "do": row["action_text"],
        **_risk(person, language),
    }


def _company(answer: AccountAnswer, language: Language) -> dict[str, str]:
    money = ""
    if answer.expected_loss:
        loss, mrr = (
            totals([(amount, code) for code, amount in sums.items()], language)
            for sums in (answer.expected_loss, answer.mrr)
        )
        money = ASSISTANTS.say(language, "money", loss=loss, mrr=mrr)
    return {
        "account": answer.account,
        "any_leaves": percent(answer.any_leaves, language),
        "subscriber": answer.riskiest,
        "money": money,
        **_risk(answer, language),
    }


def _risk(answer: object, language: Language) -> dict[str, str]:
    risk, band = getattr(answer, "risk"), getattr(answer, "band")  # noqa: B009
    band = ASSISTANTS.say(language, f"band_{band}")
    return {"risk": percent(risk, language), "band": band}
