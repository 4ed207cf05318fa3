"""Recordings under other conditions, made of clean ones: `python3 -m benchmark.variants --help`."""
