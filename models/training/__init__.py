"""Fit, calibrate and refit every part of the churn model."""
