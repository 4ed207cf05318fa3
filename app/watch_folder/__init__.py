"""A watched folder: recordings that appear in it become tasks, and their transcripts appear beside them."""
