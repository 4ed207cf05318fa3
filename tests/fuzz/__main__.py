"""`python -m tests.fuzz --count 5000`: exit status 1 where a mutant crashed, hung or raised unexpectedly."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.runner import lines, run
from tests.fuzz.sources import sources


def main() -> int:
    """Run, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = sources(Path(folder) / "sources")
        result = run(range(arguments.first, arguments.first + arguments.count), made, Path(folder))
    print("\n".join(lines(result)))  # noqa: T201
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
