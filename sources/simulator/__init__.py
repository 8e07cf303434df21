"""A simulated company: its events, and the true risk of everyone in it, to judge models by."""

from perdura.sources.simulator.company import Company, simulate

__all__ = ["Company", "simulate"]
