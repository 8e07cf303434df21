"""The answers to an assistant in sentences."""

from __future__ import annotations

from babel.dates import format_date
from babel.numbers import format_percent

from perdura.risk.integrations.mcp_answers import (
    AccountAnswer,
    Calls,
    Companies,
    FreshAnswer,
    MovedAnswer,
    PersonAnswer,
    Why,
)
from perdura.risk.money import totals, written
from perdura.risk.terminal.risks import Language

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "night": "Night of {day}, {people} subscribers.",
        "stale": "STALE since {until:%Y-%m-%d %H:%M} UTC: say so before anything else.",
        "degraded": "Degraded: {sources}.",
        "is_trial": "TRIAL: the model version was refused. Say so first, and act on nothing here.",
        "horizon": "Risks are of leaving within {days} days.",
        "fresh": "It is current until {until:%Y-%m-%d %H:%M} UTC.",
        "none": "Nobody fits.",
        "call": "{n}. {who}: {risk} risk of leaving ({band}){money}. Why: {why}. What to do: {do}.",
        "money": ", {loss} of {mrr} a month expected to be lost",
        "nothing": "nothing stands out",
        "high": "high",
        "medium": "medium",
        "low": "low",
        "unknown": "The newest night did not score {who}; only the active and past-due are.",
        "was": "They were last scored on {day}: {risk} ({band}).",
        "why": "{who}: {risk} risk of leaving ({band}, number {rank}){money}. {voluntary} by "
        "choice, {payment} by payment failure. Why: {why}. What to do: {do}.",
        "leaving": "By now they are {state}: that is a fact, and the risk is past.",
        "held_out": "They are in the control group: do not contact them.",
        "since": "On {day} it was {risk} ({band}).",
        "move": "{who}: from {before} to {band} ({risk_before} to {risk}). {why}",
        "account": "{n}. {account}: {people} subscribers, {any_leaves} chance that one leaves"
        "{money}. Highest: {who}, {risk} ({band}).",
        "more": "There are more.",
        "trial": "on trial",
        "paused": "paused",
        "gone": "gone",
        "state_leaving": "leaving",
    },
    "es": {
        "night": "Noche del {day}, {people} suscriptores.",
        "stale": "CADUCADA desde {until:%Y-%m-%d %H:%M} UTC: dilo antes que nada.",
        "degraded": "Degradada: {sources}.",
        "is_trial": "PRUEBA: la versión del modelo no superó sus controles. Dilo antes que nada y "
        "no propongas actuar según estos riesgos.",
        "horizon": "Los riesgos son de irse en {days} días.",
        "fresh": "Vale hasta {until:%Y-%m-%d %H:%M} UTC.",
        "none": "No hay nadie así.",
        "call": "{n}. {who}: {risk} de riesgo de irse ({band}){money}. Por qué: {why}. "
        "Qué hacer: {do}.",
        "money": ", se espera perder {loss} de {mrr} al mes",
        "nothing": "nada llama la atención",
        "high": "alto",
        "medium": "medio",
        "low": "bajo",
        "unknown": "La última noche no puntuó a {who}; solo se puntúa a quien está activo o debe "
        "un pago.",
        "was": "Se le puntuó por última vez el {day}: {risk} ({band}).",
        "why": "{who}: {risk} de riesgo de irse ({band}, número {rank}){money}. {voluntary} por "
        "decisión propia, {payment} por fallo de pago. Por qué: {why}. Qué hacer: {do}.",
        "leaving": "Ahora mismo: {state}. Es un hecho, y el riesgo ya ha pasado.",
        "held_out": "Está en el grupo de control: no hay que contactarle.",
        "since": "El {day} era {risk} ({band}).",
        "move": "{who}: de {before} a {band} (de {risk_before} a {risk}). {why}",
        "account": "{n}. {account}: {people} suscriptores, probabilidad {any_leaves} de que se "
        "vaya alguno{money}. El de más riesgo: {who}, {risk} ({band}).",
        "more": "Hay más.",
        "trial": "en prueba",
        "paused": "en pausa",
        "gone": "se ha ido",
        "state_leaving": "baja solicitada",
    },
}

_SCORED = ("active", "past_due")
_NIGHTS_BACK = 30


def fresh(answer: FreshAnswer, language: Language, *, whole: bool = False) -> str:
    """Which night it is, and what a reader must know of it; ``whole``: also what is well."""
    words = _WORDS[language]
    sentences = [
        words["night"].format(day=_day(answer.scored_on, language), people=answer.subscribers)
    ]
    if answer.stale:
        sentences.insert(0, words["stale"].format(until=answer.valid_until))
    elif whole:
        sentences.append(words["fresh"].format(until=answer.valid_until))
    if answer.trial:
        sentences.insert(0, words["is_trial"])
    if answer.horizon_days is not None:
        sentences.append(words["horizon"].format(days=answer.horizon_days))
    if answer.degraded:
        sentences.append(words["degraded"].format(sources=", ".join(answer.degraded)))
    return " ".join(sentences)


def calls(answer: Calls, language: Language) -> str:
    """A numbered list."""
    words = _WORDS[language]
    sentences = [
        words["call"].format(n=n, **_person(person, language))
        for n, person in enumerate(answer.people, 1)
    ]
    return "\n".join([fresh(answer.freshness, language), *(sentences or [words["none"]])])


def companies(answer: Companies, language: Language) -> str:
    """A numbered list of accounts."""
    words = _WORDS[language]
    sentences = [
        words["account"].format(n=n, **_company(account, language))
        for n, account in enumerate(answer.accounts, 1)
    ]
    sentences = (sentences or [words["none"]]) + ([words["more"]] if answer.more else [])
    return "\n".join([fresh(answer.freshness, language), *sentences])


def why(answer: Why, subscriber_id: str, language: Language) -> str:
    """One subscriber in a few sentences."""
    sentences, words = [fresh(answer.freshness, language)], _WORDS[language]
    if answer.person is not None:
        return " ".join(sentences + _scored(answer, answer.person, language))
    sentences.append(words["unknown"].format(who=subscriber_id))
    for last in answer.history[-1:]:
        day = _day(last.scored_on, language)
        sentences.append(words["was"].format(day=day, **_risk(last, language)))
    return " ".join(sentences)


def moved(answer: MovedAnswer, language: Language) -> str:
    """A line for each."""
    words = _WORDS[language]
    sentences = [
        words["move"].format(
            who=move.subscriber_id,
            before=words[move.band_before],
            risk_before=_percent(move.risk_before, language),
            why=move.moved_by or "",
            **_risk(move, language),
        )
        for move in answer.people
    ]
    sentences = [sentence.rstrip() for sentence in sentences] or [words["none"]]
    sentences += [words["more"]] if answer.more else []
    return "\n".join([fresh(answer.freshness, language), *sentences])


def _scored(answer: Why, person: PersonAnswer, language: Language) -> list[str]:
    words, row = _WORDS[language], person.model_dump()
    sentences: list[str] = []
    if row["state"] not in _SCORED:
        state = "state_leaving" if row["state"] == "leaving" else row["state"]
        sentences.append(words["leaving"].format(state=words[state]))
    if row["held_out"]:
        sentences.append(words["held_out"])
    sentences.append(words["why"].format(rank=row["rank"], **_person(person, language)))
    for past in answer.history[-_NIGHTS_BACK - 1 : -1][:1]:
        day = _day(past.scored_on, language)
        sentences.append(words["since"].format(day=day, **_risk(past, language)))
    return sentences


def _person(person: PersonAnswer, language: Language) -> dict[str, str]:
    words, money, row = _WORDS[language], "", person.model_dump()
    if row["expected_loss"] is not None and row["mrr"] is not None and row["currency"]:
        loss, mrr = (
            written(row[name], row["currency"], language) for name in ("expected_loss", "mrr")
        )
        money = words["money"].format(loss=loss, mrr=mrr)
    return {
        "who": row["subscriber_id"],
        "money": money,
        "voluntary": _percent(row["risk_voluntary"], language),
        "payment": _percent(row["risk_payment"], language),
        "why": "; ".join(row["reasons"]) or words["nothing"],
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
        money = _WORDS[language]["money"].format(loss=loss, mrr=mrr)
    return {
        "account": answer.account,
        "people": str(answer.subscribers),
        "any_leaves": _percent(answer.any_leaves, language),
        "who": answer.riskiest,
        "money": money,
        **_risk(answer, language),
    }


def _risk(answer: object, language: Language) -> dict[str, str]:
    risk, band = getattr(answer, "risk"), getattr(answer, "band")  # noqa: B009
    return {"risk": _percent(risk, language), "band": _WORDS[language][band]}


def _percent(share: float, language: Language) -> str:
    return format_percent(share, "0.0%" if language == "en" else "0.0\N{NO-BREAK SPACE}%", language)


def _day(day: object, language: Language) -> str:
    return format_date(day, "long", locale=language)  # type: ignore[arg-type]
