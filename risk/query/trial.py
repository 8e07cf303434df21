"""Nights of a model version that was refused: to look at, never to act on by machine."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from perdura.risk.night import Night
from perdura.risk.schema.tables import NIGHTS


class TrialRefused(ValueError):
    """A trial would take the place of a night that a champion has scored. Nothing was published."""


class TrialNight(ValueError):
    """The newest night is a trial, which is sent to no other tool. Nothing was sent or written."""


def refuse_trial(night: Night) -> None:
    """Refuse to send a trial to another tool.

    Raises:
        TrialNight: The night is one.
    """
    if night.trial:
        raise TrialNight(
            f"asked to tell another tool of the newest night; that of {night.scored_on} is a "
            f"trial: version {night.model_version} was refused, and its risks are not to be acted "
            "on. Nothing was sent. Read it with perdura risk or perdura serve; when perdura train "
            "has promoted a model, perdura score replaces the trial"
        )


def of_kind(*, trial: bool) -> sa.ColumnElement[bool]:
    """Of rows of ``nights``: whether they are trials, or are none."""
    return NIGHTS.c.trial.is_(True) if trial else NIGHTS.c.trial.is_not(True)


def refuse_over_real(connection: sa.Connection, scored_on: date) -> None:
    """Refuse a trial of a night that is there and is none.

    Raises:
        TrialRefused: Says which version scored it.
    """
    query = sa.select(NIGHTS.c.model_version).where(
        NIGHTS.c.scored_on == scored_on, of_kind(trial=False)
    )
    version = connection.scalar(query)
    if version is not None:
        raise TrialRefused(
            f"asked to publish a trial of {scored_on}; the champion, version {version}, has scored "
            "that night, and a trial never replaces it. Choose another date, or run perdura score"
        )
