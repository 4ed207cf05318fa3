"""The API under load: what polls and listeners cost, against the least that FastAPI and Redis can do."""
