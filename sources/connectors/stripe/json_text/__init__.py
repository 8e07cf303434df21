"""JSON as Stripe writes it: lines, arrays, and values within columns."""
