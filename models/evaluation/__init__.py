"""Metrics, intervals, leakage checks and other tests of a fitted model."""
