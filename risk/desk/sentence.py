"""A sentence about one subscriber that a person could say aloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perdura.risk.desk.tongue import Tongue

#: So many reasons a listener keeps in mind.
_SAID = 2


def aloud(row: Mapping[str, Any], tongue: Tongue, language: str) -> str:
    """What is to be said of a row of ``risk_current``.

    Args:
        row: Of the newest night.
        tongue: Of the reader.
        language: Of the reasons: in another than the reader's they are not said, only shown.
    """
    pays = _pays(row, tongue)
    if row["state"] in ("leaving", "gone"):
        return " ".join([*pays, _left(row, tongue)])
    told = [*pays, _risk(row, tongue) + _within(row, tongue) + _cause(row, tongue) + "."]
    if row["state"] != row["state_scored"]:
        told.append(tongue.say("aloud_since", state=tongue.word("state_", row["state"])))
    return " ".join([*told, *_why(row, tongue, language)])


def _pays(row: Mapping[str, Any], tongue: Tongue) -> list[str]:
    if row["mrr"] is None:
        return []
    mrr = tongue.money(row["mrr"], row["currency"])
    if row["plan"] is None:
        return [tongue.say("aloud_pays_no_plan", mrr=mrr)]
    return [tongue.say("aloud_pays", mrr=mrr, plan=row["plan"])]


def _left(row: Mapping[str, Any], tongue: Tongue) -> str:
    if row["state"] == "gone":
        return tongue.say("aloud_gone")
    return tongue.say("aloud_leaving", since=tongue.moment(row["state_since"]))


def _risk(row: Mapping[str, Any], tongue: Tongue) -> str:
    of_hundred = round(100 * row["risk"])
    if of_hundred < 1:
        return tongue.say("aloud_risk_few")
    if of_hundred > 99:
        return tongue.say("aloud_risk_most")
    return tongue.count("aloud_risk", of_hundred)


def _within(row: Mapping[str, Any], tongue: Tongue) -> str:
    """Within how many days; nights of older versions do not say."""
    if row["horizon_days"] is None:
        return tongue.say("aloud_soon")
    return tongue.count("aloud_within", row["horizon_days"])


def _cause(row: Mapping[str, Any], tongue: Tongue) -> str:
    """The larger part, where it is most of it and there is something to explain."""
    for cause in ("payment", "voluntary"):
        if row[f"risk_{cause}"] > row["risk"] * 2 / 3 and row["band"] != "low":
            return tongue.say(f"aloud_{cause}")
    return ""


def _why(row: Mapping[str, Any], tongue: Tongue, language: str) -> list[str]:
    if not row["reasons"]:
        return [tongue.say("aloud_nothing")]
    if language != tongue.language:
        return []
    said = [reason["text"] for reason in row["reasons"][:_SAID]]
    return [tongue.say("aloud_why", reasons=tongue.listed(said))]
