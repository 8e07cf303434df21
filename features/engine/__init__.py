"""The builder: definitions and a spine in, columns out, exact and on all cores."""
