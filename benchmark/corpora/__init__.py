"""Known corpora by name: `python3 -m benchmark.corpora --help`."""
