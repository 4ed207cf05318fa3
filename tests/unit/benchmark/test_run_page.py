"""The report is one file that says what to choose, and shows why."""

import base64
from html.parser import HTMLParser
from pathlib import Path

from benchmark.evaluation import Evaluation, evaluate
from benchmark.page import audio_sources
from benchmark.recordings import Recording
from benchmark.results import Measurement, Problem, Transcription, Variant
from benchmark.run_page import MOST_CLIPS, write_run_page
from benchmark.scoring import score

from .figures import REFERENCES, scored


class Seen(HTMLParser):
    """Tags with their attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.rows: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self.rows[-1] += "\t"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.rows:
            self.rows[-1] += data.strip()

    def values(self, tag: str, name: str) -> list[str]:
        return [str(attributes.get(name)) for each, attributes in self.tags if each == tag]


def _page(path: Path, evaluation: Evaluation, plots: tuple[Path, ...] = (), embed_mb: float = 1) -> Seen:
    return Seen(write_run_page(path, evaluation, plots, embed_mb).read_text("utf-8"))


def _recordings(folder: Path) -> list[Recording]:
    names = ("one.wav", "two.wav", "silence.wav")
    for number, name in enumerate(names, start=1):
        (folder / name).write_bytes(b"R" * 1000 * number)
    return [Recording(folder / name, folder / name.replace("wav", "txt")) for name in names]


def test_everything_is_in_one_file(tmp_path: Path) -> None:
    scores = [
        scored(
            {"one.wav": "the cat sat on <b>mat</b>", "two.wav": "Ёжик идёт домой", "silence.wav": "Thanks"}
        ),
        scored({"one.wav": "a cat"}, model="small"),
    ]
    evaluation = evaluate(_recordings(tmp_path), scores, [Problem("x.wav", "No reference.")], None)
    plot = tmp_path / "wer.png"
    plot.write_bytes(b"\x89PNG")
    seen = _page(tmp_path / "results" / "report.html", evaluation, (plot,))

    assert seen.values("img", "src") == ["data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()]
    assert all(source.startswith("data:audio/") for source in seen.values("audio", "src"))
    assert not [tag for tag, attributes in seen.tags if tag == "link" or "srcset" in attributes]
    assert seen.values("script", "src") == ["None"]
    for said in ("Fewest wrong words: base · faster-whisper", "9 words only", "No reference.", "not told"):
        assert said in seen.text
    assert [tag for tag, _ in seen.tags].count("del") >= 2
    assert "<b>" not in (tmp_path / "results" / "report.html").read_text("utf-8")


def test_recordings_that_do_not_fit_are_links(tmp_path: Path) -> None:
    paths = [recording.audio for recording in _recordings(tmp_path)]
    sources = audio_sources(paths, tmp_path / "results" / "report.html", 2500 / 1024 / 1024)

    assert sources[paths[0]].startswith("data:audio/")
    assert sources[paths[1]] == "../two.wav"
    assert sources[paths[2]] == "../silence.wav"


def test_of_many_recordings_the_worst_are_shown(tmp_path: Path) -> None:
    texts = {f"{number}.wav": "x" for number in range(MOST_CLIPS + 5)}
    recordings = tuple(Recording(tmp_path / name, None) for name in texts)
    for recording in recordings:
        recording.audio.touch()
    seen = _page(tmp_path / "report.html", Evaluation((scored(texts),), recordings=recordings))

    assert [tag for tag, _ in seen.tags].count("details") == MOST_CLIPS
    assert f"The {MOST_CLIPS} worst of {MOST_CLIPS + 5} recordings." in seen.text
    assert "Fewest wrong words" not in seen.text


def test_a_stranger_finds_what_to_take_and_of_what_it_was_measured(tmp_path: Path) -> None:
    names = ("one.wav", "one-noise5.wav", "one-mine.wav", "two.wav")
    for name in names:
        (tmp_path / name).touch()
    recordings = [Recording(tmp_path / name, tmp_path / f"{name[:3]}.txt") for name in names]
    done = tuple(
        Transcription(name, text, language, 10.0, 2.0)
        for name, text, language in (
            ("one.wav", "the cat sat on the mat", "en"),
            ("one-noise5.wav", "a cat", "en"),
            ("one-mine.wav", "", "en"),
            ("two.wav", "Ёжик идёт", "ru"),
        )
    )
    references = {name: REFERENCES[f"{name[:3]}.wav"] for name in names}
    subjects = {name: name[:3] for name in names}
    scores = [
        score(Measurement(Variant(model, "faster-whisper"), done), references, None, subjects)
        for model in ("base", "small")
    ]
    seen = _page(tmp_path / "report.html", evaluate(recordings, scores, [], None))

    assert "4 recordings of 2 different texts, 0.7 minutes: English 3, Russian 1." in seen.text
    assert "Take base · faster-whisper: it has the fewest words wrong.\n" in seen.text
    assert "DEFAULT_MODEL=base\nENGINE=faster-whisper" in seen.text
    assert [attributes.get("class") for tag, attributes in seen.tags if tag == "tr"].count("marked") == 1
    assert "noise5: pink noise, 5 dB below the speech." in seen.text
    assert "one-mine.wav WER 100 %" in seen.text
    links = [link for link in seen.values("a", "href") if link.startswith("#")]
    assert set(links) == {f"#{name}" for name in seen.values("h2", "id")}
    assert ("Russian", "33.3") in [(row[0], row[2]) for row in _rows(seen)]  # one text: no interval


def _rows(seen: Seen) -> list[list[str]]:
    return [row.split("\t") for row in seen.rows if row.count("\t") > 2]
