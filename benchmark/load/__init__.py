"""The running service under load: `python3 -m benchmark.load --help`."""
