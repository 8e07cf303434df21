"""Backtests: the model trained at earlier dates, evaluated on what came after."""
