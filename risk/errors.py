"""Errors of the risk table: no night, or bad scores."""

from __future__ import annotations


class NoNight(LookupError):
    """Nothing has been published, or not the night that was asked for."""


class BadScores(ValueError):
    """The scores would break the promise of the risk table. Nothing was published.

    Attributes:
        subscriber_id: Of the score that is the example; not in the message, which ends in logs.
    """

    def __init__(self, message: str, subscriber_id: str | None = None) -> None:
        super().__init__(message)
        self.subscriber_id = subscriber_id
