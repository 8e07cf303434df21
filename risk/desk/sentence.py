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
    pays = _pays(row, locale)
    if row["state"] in ("leaving", "gone"):
        return " ".join([*pays, _left(row, locale)])
    sentences = [*pays, _risk(row, locale)]
    if row["state"] != row["state_scored"]:
        sentences.append(locale.say("short_since", state=locale.named("state", row["state"])))
    return " ".join([*sentences, *_why(row, locale, language)])


def _pays(row: Mapping[str, Any], locale: ReaderLocale) -> list[str]:
    if row["mrr"] is None:
        return []
    mrr = locale.money(row["mrr"], row["currency"])
    if row["plan"] is None:
        return [locale.say("short_pays_no_plan", mrr=mrr)]
    return [locale.say("short_pays", mrr=mrr, plan=locale.plan(row["plan"]))]


def _left(row: Mapping[str, Any], locale: ReaderLocale) -> str:
    if row["state"] == "gone":
        return locale.say("short_gone")
    return locale.say("short_leaving", since=locale.moment(row["state_since"]))


def _risk(row: Mapping[str, Any], locale: ReaderLocale) -> str:
    of_hundred = round(100 * row["risk"])
    within, cause = _within(row, locale), _cause(row, locale)
    if of_hundred < 1:
        return locale.say("short_risk_few", within=within, cause=cause)
    if of_hundred > 99:
        return locale.say("short_risk_most", within=within, cause=cause)
    return locale.count("short_risk", of_hundred, within=within, cause=cause)


def _within(row: Mapping[str, Any], locale: ReaderLocale) -> str:
    """The horizon; nights of older versions do not hold it."""
    if row["horizon_days"] is None:
        return locale.say("short_soon")
    return locale.count("short_within", row["horizon_days"])


def _cause(row: Mapping[str, Any], locale: ReaderLocale) -> str:
    """The larger part, where it is most of the risk and there is something to explain."""
    for cause in ("payment", "voluntary"):
        if row[f"risk_{cause}"] > row["risk"] * 2 / 3 and row["band"] != "low":
            return locale.named("short_cause", cause)
    return ""


def _why(row: Mapping[str, Any], locale: ReaderLocale, language: str) -> list[str]:
    if not row["reasons"]:
        return [locale.say("short_nothing")]
    if language != locale.language:
        return []
    texts = [reason["text"] for reason in row["reasons"][:_MOST_REASONS]]
    return [locale.count("short_why", len(texts), reasons=locale.listed(texts))]
