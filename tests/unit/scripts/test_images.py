"""What the images are built of: all of the program, by every builder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("name", ["Dockerfile.api", "Dockerfile.worker"])
def test_each_stage_lists_the_packages_that_it_installs(name: str) -> None:
    """The list of the stage below knows nothing of what is installed on top of it."""
    stages = re.split(r"^FROM ", (ROOT / name).read_text(), flags=re.MULTILINE)
    installing = [stage for stage in stages if "pip install" in stage]
    assert installing
    for stage in installing:
        assert "container_sbom.sh" in stage[stage.rindex("pip install") :], stage


def test_the_benchmark_may_write_what_its_programs_make() -> None:
    service = (ROOT / "docker-compose.yml").read_text().partition("\n  benchmark:\n")[2]
    folders = re.findall(r"- \./(\S+):/srv/(\S+)", service)
    assert ("benchmark/audios", "benchmark/audios") in folders  # benchmark.variants
    assert ("_data/corpora", "_data/corpora") in folders  # benchmark.corpora


@pytest.mark.parametrize(
    ("name", "programs"),
    [
        ("Dockerfile.api", ("main", "app.wyoming.__main__", "app.watch_folder.__main__")),
        ("Dockerfile.worker", ("app.worker.main", "app.worker.engine_process.__main__", "app.worker.health")),
    ],
)
def test_an_image_has_all_that_its_programs_import(
    tmp_path: Path, name: str, programs: tuple[str, ...]
) -> None:
    for source, target in re.findall(r"^COPY (?!--)(\S+) (\S+)", (ROOT / name).read_text(), re.MULTILINE):
        if target.startswith("/"):
            continue  # no part of the program: what starts it
        copy = tmp_path / (Path(source).name if target == "./" else target)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists():
            copy.symlink_to(ROOT / source)
    code = f"import {', '.join(programs)}"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
