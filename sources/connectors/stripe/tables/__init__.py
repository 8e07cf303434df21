"""Tables in Stripe's words, as loaders land them and the dashboard exports them."""
