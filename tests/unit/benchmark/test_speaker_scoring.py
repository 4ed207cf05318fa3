from pathlib import Path

import pytest

from app.formats.rttm import Turn, to_rttm
from benchmark.speakers.plot import draw_turns
from benchmark.speakers.scoring import Errors, errors_of, read_rttm

REFERENCE = [Turn(0.0, 10.0, "ann"), Turn(10.0, 20.0, "bob")]


def test_other_names_for_the_same_turns_are_no_error() -> None:
    errors = errors_of(REFERENCE, [Turn(0.0, 10.0, "S2"), Turn(10.0, 20.0, "S1")], 30.0)

    assert errors == Errors(speech=20.0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], Errors(20.0, missed=20.0)),
        ([Turn(0.0, 20.0, "S1")], Errors(20.0, confused=10.0)),
        ([Turn(0.0, 10.0, "S1"), Turn(10.0, 25.0, "S2")], Errors(20.0, false_alarm=5.0)),
        ([Turn(0.0, 8.0, "S1"), Turn(8.0, 20.0, "S2")], Errors(20.0, confused=2.0)),
        ([Turn(0.0, 10.0, "S1"), Turn(10.0, 14.0, "S2"), Turn(14.0, 20.0, "S3")], Errors(20.0, confused=4.0)),
    ],
)
def test_errors_by_kind(found: list[Turn], expected: Errors) -> None:
    assert errors_of(REFERENCE, found, 30.0) == expected


def test_overlapping_speech_counts_for_each_who_speaks() -> None:
    reference = [Turn(0.0, 10.0, "ann"), Turn(5.0, 10.0, "bob")]

    errors = errors_of(reference, [Turn(0.0, 10.0, "S1")], 10.0)

    assert errors == Errors(15.0, missed=5.0)
    assert errors.rate == pytest.approx(1 / 3)


def test_a_collar_forgives_near_boundaries() -> None:
    found = [Turn(0.2, 10.2, "S1"), Turn(10.2, 19.9, "S2")]

    assert errors_of(REFERENCE, found, 30.0).rate > 0
    assert errors_of(REFERENCE, found, 30.0, collar=0.25).rate == 0


def test_errors_are_added_up() -> None:
    assert Errors(10.0, 1.0, 2.0, 3.0) + Errors(10.0, missed=2.0) == Errors(20.0, 3.0, 2.0, 3.0)


def test_turns_are_read_as_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "a.rttm").write_text(to_rttm(REFERENCE, "a"), "utf-8")

    assert read_rttm(tmp_path / "a.rttm") == REFERENCE


def test_turns_are_drawn(tmp_path: Path) -> None:
    draw_turns(tmp_path / "turns.png", REFERENCE, REFERENCE)

    assert (tmp_path / "turns.png").read_bytes().startswith(b"\x89PNG")
