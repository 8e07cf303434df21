"""How a business loses its subscribers, by its settings."""

from typing import Literal

# Prefect checks the parameters of a step by pydantic, which refuses typing's before Python 3.12.
from typing_extensions import TypedDict

from perdura.flows.configuration.groups import ChurnSettings, ValueSettings
from perdura.flows.steps.exchange_rates import dated_rates
from perdura.sources.rates import DatedRates


class Business(TypedDict):
    """How a business loses subscribers: the arguments of ``sources.states.states.states_at``."""

    churn: Literal["contract", "silence"]
    active_within_days: int
    rates: DatedRates | None


def business_of(churn: ChurnSettings, value: ValueSettings) -> Business:
    """The rule by which the business of these settings loses subscribers."""
    return {
        "churn": churn.rule,
        "active_within_days": churn.active_within_days,
        "rates": dated_rates(value),
    }
