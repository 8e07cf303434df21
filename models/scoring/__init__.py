"""Scores, reasons, actions and lifetime value: what a night computes."""
