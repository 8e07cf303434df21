"""The effect of contacts, by random assignment."""
