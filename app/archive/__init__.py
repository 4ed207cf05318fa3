"""Transcripts that stay: a database beside the queue, SQLite in DATA_DIR or PostgreSQL by DATABASE_URL."""
