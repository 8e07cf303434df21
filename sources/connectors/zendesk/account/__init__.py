"""A live account: its API, and what was fetched of it."""
