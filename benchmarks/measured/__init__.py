"""One module per thing measured: which steps are run, at which sizes, and what must agree."""
