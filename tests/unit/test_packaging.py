"""`pip install .` brings what the command line needs."""

import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_the_package_needs_what_every_program_of_the_house_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = (ROOT / "requirements" / "base.txt").read_text("utf-8").splitlines()
    needed = [line for line in lines if line and not line.startswith(("#", "-"))]

    assert project["dependencies"] == needed
    assert project["scripts"] == {"transcriber": "app.cli.__main__:main"}


def test_the_package_the_chart_and_the_images_have_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    chart = yaml.safe_load((ROOT / "deploy/helm/transcriber/Chart.yaml").read_text("utf-8"))

    assert chart["appVersion"] == project["version"]
    assert f'variable "TAG" {{ default = "{project["version"]}" }}' in (ROOT / "docker-bake.hcl").read_text(
        "utf-8"
    )
