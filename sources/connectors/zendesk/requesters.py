"""Who asked for help, and the keys by which a customer elsewhere is the same."""

import polars as pl

from perdura.sources.connectors.zendesk.objects import ORGANIZATIONS, USERS, Objects

#: Columns that ``with_requesters`` adds.
KEYS = (
    "requester_role",
    "requester_external_id",
    "requester_email",
    "organization_external_id",
)


def with_requesters(events: pl.LazyFrame, objects: Objects) -> pl.LazyFrame:
    """The events with the requester's role and ``KEYS``, as users and organizations are by now.

    The organization is the ticket's, else the requester's own. An e-mail is in small letters.
    """
    users = objects.latest(USERS).select(
        pl.col("user_id").alias("requester_id"),
        pl.col("role").alias("requester_role"),
        pl.col("external_id").alias("requester_external_id"),
        pl.col("email").str.to_lowercase().alias("requester_email"),
        pl.col("organization_id").alias("own_organization"),
    )
    organizations = objects.latest(ORGANIZATIONS).select(
        "organization_id", pl.col("external_id").alias("organization_external_id")
    )
    known = events.join(users, on="requester_id", how="left", maintain_order="left").with_columns(
        pl.coalesce("organization_id", "own_organization").alias("organization_id")
    )
    return known.drop("own_organization").join(
        organizations, on="organization_id", how="left", maintain_order="left"
    )


def requester_note(events: pl.LazyFrame) -> str | None:
    """How many requesters there are, and which keys they have; ``None`` if there is none."""
    people = events.select("requester_id", *KEYS).drop_nulls("requester_id").unique("requester_id")
    found = people.select(
        total=pl.len(),
        external=pl.col("requester_external_id").is_not_null().sum(),
        email=pl.col("requester_email").is_not_null().sum(),
        organization=pl.col("organization_external_id").is_not_null().sum(),
        none=pl.all_horizontal(pl.col(name).is_null() for name in KEYS[1:]).sum(),
        agents=pl.col("requester_role").is_in(["agent", "admin"]).sum(),
        unknown=pl.col("requester_role").is_null().sum(),
    )
    counts = found.collect(engine="streaming").row(0, named=True)
    if not counts["total"]:
        return None
    return (
        "{total:,} requesters: {external:,} with an external id, {email:,} with an e-mail, "
        "{without:,} without one, {organization:,} of an organization with an external id, "
        "{none:,} with none of these keys; {agents:,} are agents, {unknown:,} are not among the "
        "users"
    ).format(without=counts["total"] - counts["email"], **counts)
