"""What can be wrong with a request to the risk table, or with scores."""

from __future__ import annotations


class NoNight(LookupError):
    """Nothing has been published, or not the night that was asked for."""


class BadScores(ValueError):
    """The scores would break the promise of the risk table. Nothing was published.

    Attributes:
        subscriber_id: Whose score is the example; not in the words, which end in logs.
    """

    def __init__(self, told: str, subscriber_id: str | None = None) -> None:
        super().__init__(told)
        self.subscriber_id = subscriber_id
