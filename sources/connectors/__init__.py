"""Connectors: what vendors export, as flat frames that a mapping turns into events."""
