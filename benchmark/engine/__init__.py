"""How the windows of this house compare with what people run today: `python3 -m benchmark.engine --help`."""
