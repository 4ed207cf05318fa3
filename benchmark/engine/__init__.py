"""How this engine compares with what people run today: `python3 -m benchmark.engine --help`."""
