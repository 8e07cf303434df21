"""The schedule: when runs are due, which are missing, and whether all is well."""
