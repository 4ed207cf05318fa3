import hashlib
from pathlib import Path

import pytest

from app.weights import openai
from app.weights.files import WeightsError
from tests.unit.weights.servers import serving

CONTENT = bytes(range(256)) * 5000
SUM = hashlib.sha256(CONTENT).hexdigest()


def test_downloads_and_checks(tmp_path: Path) -> None:
    with serving({"tiny.pt": CONTENT}) as (address, _):
        openai.fetch_checked(f"{address}/tiny.pt", tmp_path / "part" / "tiny.pt", expected_sum=SUM)

    assert (tmp_path / "part" / "tiny.pt").read_bytes() == CONTENT


@pytest.mark.parametrize("have", [1000, len(CONTENT)])
def test_goes_on_where_it_broke_off(tmp_path: Path, have: int) -> None:
    (tmp_path / "tiny.pt").write_bytes(CONTENT[:have])

    with serving({"tiny.pt": CONTENT}) as (address, requests):
        openai.fetch_checked(f"{address}/tiny.pt", tmp_path / "tiny.pt", expected_sum=SUM)

    assert requests == [f"/tiny.pt bytes={have}-"]
    assert (tmp_path / "tiny.pt").read_bytes() == CONTENT


def test_a_wrong_file_is_removed(tmp_path: Path) -> None:
    with (
        serving({"tiny.pt": b"something else"}) as (address, _),
        pytest.raises(WeightsError, match="expected checksum"),
    ):
        openai.fetch_checked(f"{address}/tiny.pt", tmp_path / "tiny.pt", expected_sum=SUM)

    assert not (tmp_path / "tiny.pt").exists()


@pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning")
def test_an_error_of_the_server_is_told(tmp_path: Path) -> None:
    with serving({}) as (address, _), pytest.raises(WeightsError, match="the server of OpenAI failed"):
        openai.fetch_checked(f"{address}/tiny.pt", tmp_path / "tiny.pt", expected_sum=SUM)


def test_a_model_that_openai_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="publishes no such model"):
        openai.fetch("distil-small.en", tmp_path)
