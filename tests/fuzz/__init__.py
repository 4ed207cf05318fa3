"""Mutated recordings, sent through probe and decode in a process of their own: `python -m tests.fuzz`."""
