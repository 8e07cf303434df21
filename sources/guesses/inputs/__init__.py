"""Inputs of a mapping, one module for each event table."""
