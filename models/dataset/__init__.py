"""Training sets: labels, outcomes, sampling, splits. Only this package looks past ``as_of``."""
