"""The judge knows what holds and what does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.schemas.transcript import Segment, Source, Transcript
from tests.odd_recordings.case import Case, cases_of
from tests.odd_recordings.expectation import judge
from tests.odd_recordings.sending import Outcome
from tests.support.recordings import ASSETS

SEGMENTS = (
    Segment(id=0, start=5, end=7, text=" Die Katze schläft.", channel=0),
    Segment(id=1, start=6.2, end=9, text=" The cat sleeps, the dog doesn't.", channel=1),
)
GOT = Transcript(
    text="Die Katze schläft. The cat sleeps, the dog doesn't.",
    language="de",
    language_probability=0.9,
    duration=9.5,
    segments=SEGMENTS,
    model="base",
    engine="faster-whisper",
    compute_type="int8",
    device="cpu",
    processing_seconds=1,
    trimmed=False,
    warnings=("The recording breaks off.",),
    source=Source(tracks=2, tracks_read=(2,), channels=2, split=True),
)
REFUSED = Outcome("422", problem="There is no parameter 'modle' here; the nearest is `model`.")


def _verdict(expected: str, outcome: Outcome) -> tuple[tuple[str, ...], tuple[str, ...]]:
    verdict = judge(Case(ASSETS / "silence_5s.flac", "a", (), expected), outcome)
    return verdict.broken, verdict.unjudged


@pytest.mark.parametrize(
    "expected",
    [
        "",
        "done",
        "done; cat, dog, elephant",
        "done; German: Katze",
        "cat in 1, Katze/Hund/schläft in 0, in time order",
        "two channels: Katze in 0",
        "the result names two tracks; track 2 is read; 2 channels",
        "cat, dog (a comment, with: marks)",
        "dog; Katze",
        "warning; warning of Breaks Off",
        "first word >= 5 s; duration = 9.5 s; every time <= duration",
        "words, or a warning that almost nothing was heard",
        "accepted as German; accepted",
        "speech in channel 3 of 3",
    ],
)
def test_what_holds(expected: str) -> None:
    assert _verdict(expected, Outcome("done", GOT)) == ((), ())


@pytest.mark.parametrize(
    ("expected", "broken"),
    [
        ("error", "error"),
        ("cat, elephant, mouse", "words cat, elephant, mouse"),
        ("English", "English"),
        ("accepted as Norwegian", "accepted as Norwegian"),
        ("cat in 0", "cat in 0"),
        ("Katze/schläft/cat in 0", "Katze/schläft/cat in 0"),
        ("one tracks", "one tracks"),
        ("track 1 is read", "track 1 is read"),
        ("cat twice", "cat twice"),
        ("no warning", "no warning"),
        ("warning of LFE", "warning of LFE"),
        ("first word >= 5.1 s", "first word >= 5.1 s"),
        ("duration = the container's", "duration = the container's"),
        ("no text", "no text"),
        ("422 that names modle", "422 that names modle"),
    ],
)
def test_what_does_not_hold(expected: str, broken: str) -> None:
    assert _verdict(expected, Outcome("done", GOT)) == ((broken,), ())


def test_refusals() -> None:
    assert _verdict("422 that names model", REFUSED) == ((), ())
    assert _verdict("422 that names language", REFUSED) == (("422 that names language",), ())
    assert _verdict("done", REFUSED) == (("done",), ())
    assert _verdict("cat", REFUSED) == (("words cat",), ())


def test_what_no_rule_knows_is_told() -> None:
    assert _verdict("done; both sides are polite", Outcome("done", GOT)) == ((), ("both sides are polite",))


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"duration": 8.9}, "0 <= start < end <= duration"),
        ({"segments": SEGMENTS[::-1], "text": "x"}, "segments in time order"),
        ({"text": "Die Katze schläft."}, "text is that of the segments"),
    ],
)
def test_what_holds_of_every_transcript(changes: dict[str, object], broken: str) -> None:
    outcome = replace(Outcome("done"), transcript=GOT.model_copy(update=changes))

    assert broken in _verdict("", outcome)[0]


def test_a_table_lists_cases_and_a_folder_the_rest(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav", "c.wav"):
        (tmp_path / name).touch()
    (tmp_path / "cases.tsv").write_text(
        "b.wav\tblob\t\tdone (Content-Type audio/wav;codecs=1)\nb.wav\tb.wav\ttrack=2&language=de\t422\n"
    )

    assert cases_of(tmp_path) == [
        Case(tmp_path / "b.wav", "blob", (), "done (Content-Type audio/wav;codecs=1)", "audio/wav;codecs=1"),
        Case(tmp_path / "b.wav", "b.wav", (("track", "2"), ("language", "de")), "422"),
        Case(tmp_path / "a.wav", "a.wav"),
        Case(tmp_path / "c.wav", "c.wav"),
    ]
