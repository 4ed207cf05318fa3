"""Odd recordings, sent to a service and compared with what should come: `python -m tests.odd_recordings`."""
