"""Objects of Stripe's API as rows of flat tables."""
