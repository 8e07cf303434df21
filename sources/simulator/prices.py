"""What the company sells: plans, list prices, and the month of each plan's price rise."""

import numpy as np

from perdura.sources.simulator.vectors import Bools, Floats, Ints, Month

PLANS = ("basic", "plus", "team", "business")
CURRENCIES = ("EUR", "USD", "GBP", "JPY")
METHODS = ("card", "paypal", "direct_debit")
#: Why a subscription ended or its price changed: chosen, for want of payment, by the company.
REASONS = ("voluntary", "payment", "other")
COUNTRIES = ("DE", "ES", "FR", "IT", "NL", "US", "CA", "GB", "IE", "JP")
#: The currency of each country, and how many of the people live there.
CURRENCY_OF = np.array([0, 0, 0, 0, 0, 1, 1, 2, 0, 3])
LIVING_IN = np.array([0.14, 0.12, 0.10, 0.06, 0.05, 0.27, 0.05, 0.12, 0.02, 0.07])

#: Minor units a month for one seat, a row per plan, a column per currency. Yen have no cents.
BASE = np.array(
    [
        [900, 999, 799, 1200],
        [1900, 1999, 1699, 2500],
        [1400, 1500, 1250, 1900],
        [3900, 4200, 3500, 5200],
    ]
)
#: A year costs less than ten months.
ANNUAL = 0.8

#: Each plan's prices rise once a year, in this month (0 is January), for most of its holders.
RISES_IN = np.array([2, 8, 0, 5])
RISE = 1.08
_FIRST_LIST = 12 * (2018 - 1970)


def list_price(plan: Ints, currency: Ints, month: Ints) -> Floats:
    """Minor units a month and seat that a newcomer of that month pays, months from 1970."""
    rises = (month - _FIRST_LIST - RISES_IN[plan]) // 12
    return BASE[plan, currency] * 1.03 ** np.maximum(rises, 0)


def monthly_price(plan: Ints, currency: Ints, quantity: Ints, annual: Bools, month: Ints) -> Ints:
    """Recurring revenue a month, in minor units, by the list of that month."""
    price = list_price(plan, currency, month) * quantity * np.where(annual, ANNUAL, 1.0)
    return np.rint(price).astype(np.int64)


def seats(plan: Ints, quantity: Ints) -> Ints:
    """How many seats are paid for: ``quantity`` where the plan counts them, else one."""
    return np.where(plan >= 2, quantity, 1)


def rising(plan: Ints, month: Month) -> Bools:
    """Whether the plan's price rises in that month."""
    return RISES_IN[plan] == month.of_year
