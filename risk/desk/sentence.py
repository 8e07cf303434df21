"""One subscriber in short, as an agent would say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perdura.risk.desk.reader_locale import ReaderLocale

#: Reasons that a listener keeps in mind.
_MOST_REASONS = 2


def in_short(row: Mapping[str, Any], locale: ReaderLocale, language: str) -> str:
    """A few sentences about a row of ``risk_current``.

    Args:
        row: Of the newest night.
        locale: Of the reader.
        language: Of the reasons: they are left out if the reader's is another.
    """
    sentences = _pays(row, locale)
    if row["state"] == "gone":
        sentences.append(locale.say("short_gone"))
    elif row["state"] == "leaving":
        sentences.append(locale.say("short_leaving", since=locale.moment(row["state_since"])))
    else:
        sentences.append(_risk(row, locale))
        if row["state"] != row["state_scored"]:
            sentences.append(locale.say("short_since", state=locale.named("state", row["state"])))
        if not row["reasons"]:
            sentences.append(locale.say("short_nothing"))
        elif language == locale.language:
            texts = [reason["text"] for reason in row["reasons"][:_MOST_REASONS]]
            # Some are sentences with a subject of their own: "and" would not join them.
            why = locale.count("short_why", len(texts), reasons="; ".join(texts))
            sentences.append(why)
    return " ".join(sentences)


def _pays(row: Mapping[str, Any], locale: ReaderLocale) -> list[str]:
    if row["mrr"] is None:
        return []
    mrr = locale.money(row["mrr"], row["currency"])
    if row["plan"] is None:
        return [locale.say("short_pays_no_plan", mrr=mrr)]
    return [locale.say("short_pays", mrr=mrr, plan=locale.plan(row["plan"]))]


def _risk(row: Mapping[str, Any], locale: ReaderLocale) -> str:
    """The risk within the horizon, which nights of older versions do not hold, and its cause.

    The cause is the larger part, where it is most of the risk and there is something to explain.
    """
    of_hundred = round(100 * row["risk"])
    within = locale.say("short_soon")
    if row["horizon_days"] is not None:
        within = locale.count("short_within", row["horizon_days"])
    larger = max(("payment", "voluntary"), key=lambda cause: row[f"risk_{cause}"])
    explained = row[f"risk_{larger}"] > row["risk"] * 2 / 3 and row["band"] != "low"
    cause = locale.named("short_cause", larger) if explained else ""
    if of_hundred < 1:
        return locale.say("short_risk_few", within=within, cause=cause)
    if of_hundred > 99:
        return locale.say("short_risk_most", within=within, cause=cause)
    return locale.count("short_risk", of_hundred, within=within, cause=cause)
