"""Read the newest night: lists, filters, pages and exports."""
