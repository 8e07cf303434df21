"""How much of everything is measured: at the smallest sizes, at small ones, and in full."""

from dataclasses import dataclass

from benchmarks.workload.task import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of everything is measured.

    Attributes:
        features: Subscribers of the training features.
        brief: What of them takes fewer seconds is done three times, and the median kept.
        orders: In which their events lie.
        temporian: Subscribers that Temporian is given.
        featuretools: Subscribers that featuretools is given.
        active: Active subscribers of the night.
        slow: Rows for explainers that are slow.
        quick: Rows for the others; at most as many as are active.
        training: Subscribers of the training, at twelve dates.
        growth: Subscribers of the simulated company.
        table: Rows of each night of the risk table.
        stripe: Customers of an account of Stripe.
        cluster: Subscribers of the simulated company that workers share.
        rounds: How often they share it.
    """

    features: int
    brief: float
    orders: tuple[Order, ...]
    temporian: int
    featuretools: int
    active: int
    slow: int
    quick: int
    training: int
    growth: tuple[int, ...]
    table: int
    stripe: int
    cluster: int
    rounds: int


SIZES = {
    "smallest": Sizes(
        features=500,
        brief=0.0,
        orders=("sorted",),
        temporian=200,
        featuretools=200,
        active=1_000,
        slow=200,
        quick=500,
        training=1_000,
        growth=(900,),
        table=300,
        stripe=300,
        cluster=900,
        rounds=1,
    ),
    "small": Sizes(
        features=10_000,
        brief=0.5,
        orders=("sorted",),
        temporian=5_000,
        featuretools=1_000,
        active=20_000,
        slow=2_000,
        quick=20_000,
        training=20_000,
        growth=(10_000,),
        table=5_000,
        stripe=20_000,
        cluster=10_000,
        rounds=3,
    ),
    "full": Sizes(
        features=1_000_000,
        brief=20,
        orders=("sorted", "unordered"),
        temporian=100_000,
        featuretools=10_000,
        active=1_000_000,
        slow=20_000,
        quick=1_000_000,
        training=360_000,
        growth=(10_000, 100_000, 1_000_000, 10_000_000),
        table=1_000_000,
        stripe=1_000_000,
        cluster=100_000,
        rounds=7,
    ),
}
