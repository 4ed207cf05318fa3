"""What the images are built of: all of the program, by every builder."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_folders_are_let_into_the_build_as_a_whole() -> None:
    """`!folder/**/*.py` lets in what lies in folders below with some builders only."""
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert rules[0] == "*"
    assert not [rule for rule in rules if rule.startswith("!") and "*" in rule]


def test_all_that_is_copied_is_let_in() -> None:
    let_in = {rule[1:] for rule in (ROOT / ".dockerignore").read_text().splitlines() if rule.startswith("!")}
    for name in ("Dockerfile.api", "Dockerfile.worker"):
        for source in re.findall(r"^COPY (\S+)", (ROOT / name).read_text(), re.MULTILINE):
            path = Path(source)
            assert (ROOT / path).exists(), source
            assert {str(path), *map(str, path.parents)} & let_in, source


def test_the_benchmark_may_write_what_its_programs_make() -> None:
    service = (ROOT / "docker-compose.yml").read_text().partition("\n  benchmark:\n")[2]
    folders = re.findall(r"- \./(\S+):/srv/(\S+)", service)
    assert ("benchmark/audios", "benchmark/audios") in folders  # benchmark.variants
    assert ("_data/corpora", "_data/corpora") in folders  # benchmark.corpora
