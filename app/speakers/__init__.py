"""Who speaks when: vectors of voices, their clustering, turns. It knows nothing of Redis, HTTP or engines."""
