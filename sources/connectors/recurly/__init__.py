"""Recurly: its tables as Fivetran lands them."""
