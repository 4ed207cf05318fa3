"""Loads: when what comes, and which figures follow from what became of it."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from app.asr.backends.fake import Script
from app.audio.probe import probe
from benchmark.energy import NOTHING_TOLD, MachineUse
from benchmark.load.arrivals import WrongArrivals, read_arrivals
from benchmark.load.driver import Trip
from benchmark.load.figures import LoadFigures, efficiency, figures_of
from benchmark.load.mix import FakeWorker, Sample, WrongMix, drawn, fake_samples, read_lengths
from benchmark.load.page import write_load_page, write_plot
from benchmark.load.watch import ProcessUse


def _random() -> np.random.Generator:
    return np.random.default_rng(0)


def test_recordings_come_at_random_as_often_as_told() -> None:
    times = read_arrivals("poisson=0.5").times(2, 1000, _random())

    assert times == sorted(times)
    assert len(times) == pytest.approx(1000, rel=0.1)
    gaps = np.diff(times)
    assert np.std(gaps) == pytest.approx(np.mean(gaps), rel=0.15)  # as of a Poisson process


def test_bursts_come_at_once() -> None:
    assert read_arrivals("burst=2/10").times(2, 25, _random()) == [0] * 4 + [10] * 4 + [20] * 4


def test_closed_clients_grow_with_the_workers() -> None:
    closed = read_arrivals("closed=6")

    assert closed.clients(4) == 24
    assert closed.times(4, 60, _random()) == []
    assert read_arrivals("poisson=2").clients(4) == 0


@pytest.mark.parametrize("text", ["closed", "closed=0", "often=3", "poisson=1/2", "burst=5", "burst=5/0", ""])
def test_wrong_arrivals_get_one_sentence(text: str) -> None:
    with pytest.raises(WrongArrivals, match="names no arrivals"):
        read_arrivals(text)


def test_scripts_are_recordings_of_their_length_for_the_api(tmp_path: Path) -> None:
    (sample,) = fake_samples([(10.0, 1.0)], FakeWorker(speed=20, in_flight=4), tmp_path)

    assert probe(sample.path).duration == 10
    script = Script.model_validate(json.loads(sample.path.read_bytes()))
    assert (script.duration, script.seconds) == (10, 2)


def test_samples_come_by_their_weights() -> None:
    samples = [Sample(Path("often"), 5, 3), Sample(Path("seldom"), 60, 1)]
    names = [sample.path.name for sample in islice(drawn(samples, _random()), 400)]

    assert names.count("often") == pytest.approx(300, abs=30)
    assert read_lengths("5:3,60") == [(5, 3), (60, 1)]


@pytest.mark.parametrize("text", ["", "5:x", "-5:1", "5:0"])
def test_wrong_lengths_get_one_sentence(text: str) -> None:
    with pytest.raises(WrongMix, match="names no lengths"):
        read_lengths(text)


def _figures(workers: int, audio: float, arrivals: str = "closed=6") -> LoadFigures:
    """Of `audio` seconds done in the counted time of 85 s, and as much before and after."""
    trips = [Trip(audio, 0, 10), Trip(audio, 5, 50), Trip(audio, 60, 120), Trip(9, 60, 61, "Lost.")]
    use = {"api": ProcessUse(100.0, 0.2)}
    machine = MachineUse(joules=5000.0, gpu_peak_mb=2000.0, gpu_busy=0.4) if workers == 2 else NOTHING_TOLD
    return figures_of(workers, read_arrivals(arrivals), trips, 100, ([0.0, 3.0], [0, 7]), use, machine)


def test_throughput_counts_what_is_done_after_the_ramp() -> None:
    figures = _figures(1, 850.0)

    assert figures.audio_hours_per_hour == pytest.approx(10)
    assert (figures.sent, figures.failed, figures.errors) == (4, 1, ("Lost.",))
    assert figures.done_seconds[0] == 45
    assert (figures.oldest_seconds, figures.most_waiting) == (3, 7)


def test_efficiency_is_that_of_as_many_single_workers() -> None:
    one, two = _figures(1, 850.0), _figures(2, 1615.0)
    offered = _figures(2, 100.0, "poisson=1")

    assert efficiency(two, [one, two, offered]) == pytest.approx(0.95)
    assert efficiency(one, [one, two]) is None
    assert efficiency(offered, [_figures(1, 100.0, "poisson=1"), offered]) is None


def test_nothing_done_has_figures_too() -> None:
    figures = figures_of(1, read_arrivals("closed=1"), [], 10, ([], []), {})
    assert (figures.sent, figures.oldest_seconds) == (0, None)


def test_the_report_says_what_workers_add(tmp_path: Path) -> None:
    figures = [_figures(1, 850.0), _figures(2, 1615.0)]
    plots = write_plot(tmp_path, figures)
    html = write_load_page(tmp_path / "load.html", figures, "Real recordings.", plots).read_text("utf-8")

    assert "2 workers do 95 % of what as many single ones would." in html
    assert "10.0 hours of audio an hour" in html
    assert "data:image/png" in html
    assert all(told in html for told in ("GPU busy", ">40 %<", ">2000<", ">5000<"))
    alone = write_load_page(tmp_path / "one.html", figures[:1], "Real recordings.", []).read_text("utf-8")
    assert "GPU peak MiB" not in alone
    assert "Lost." in html
    assert write_plot(tmp_path, figures[:1]) == []
