"""Reading Stripe through its API."""
