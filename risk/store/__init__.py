"""SQLite or PostgreSQL behind one interface, chosen by URL."""
