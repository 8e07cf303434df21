"""Pages, tables and charts of the results, and the machine they were measured on."""
