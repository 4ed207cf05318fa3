"""What is asked for: a file, the command line, and all ways of running a model."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from benchmark.measure import Conditions
from benchmark.plan import Hopeless, Plan, read_plan, variants_of
from benchmark.results import Variant


def _file(folder: Path, text: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    file = _file(tmp_path, 'models = ["tiny"]\nbeams = [1, 5]\naudios = "there"\nlanguage = "ru"\n')

    plan = read_plan(file, {"models": ["base", "small"], "language": None, "engines": []})

    assert plan.models == ("base", "small")
    assert plan.beams == (1, 5)
    assert plan.language == "ru"
    assert plan.audio_folder == tmp_path / "there"
    assert plan.reference_folder == Plan().directory / "text-references"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("models = ", "is no TOML file"),
        ("speed = 3", "wrong at 'speed'"),
        ("beams = [0]", r"wrong at 'beams\.0'"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_file_gets_one_sentence(tmp_path: Path, text: str | None, sentence: str) -> None:
    file = tmp_path / "none.toml" if text is None else _file(tmp_path, text)
    with pytest.raises(Hopeless, match=sentence):
        read_plan(file, {})


def test_every_way_of_running_a_model_comes_once(settings_for: Callable[..., Settings]) -> None:
    plan = Plan(
        models=("base", "turbo", "large-v3-turbo"),
        engines=("faster-whisper", "openai-whisper"),
        compute_types=("int8", "float32"),
        beams=(1, 5),
    )
    variants = variants_of(plan, settings_for())

    assert len(variants) == len(set(variants)) == 2 * (2 * 2 + 2)
    assert Variant("base", "faster-whisper", "float32", 5) in variants
    assert Variant("base", "openai-whisper", None, 1) in variants  # which has no compute types
    labels = {variant.label for variant in variants}
    assert len(labels) == len(variants)
    assert "large-v3-turbo · faster-whisper · int8 · beam 1" in labels


def test_a_model_of_onnx_asr_runs_there_only(settings_for: Callable[..., Settings]) -> None:
    plan = Plan(models=("gigaam-v3", "base"), engines=("faster-whisper", "openai-whisper"), beams=(1, 5))

    [first, *others] = variants_of(plan, settings_for())

    assert first == Variant("gigaam-v3-e2e-rnnt", "onnx-asr", None, None)
    assert {variant.engine for variant in others} == {"faster-whisper", "openai-whisper"}


def test_a_variant_wins_over_the_settings(settings_for: Callable[..., Settings]) -> None:
    conditions = Conditions(settings_for(compute_type="float32", whisper_beam_size=2))
    mine, default = Variant("base", "fake", "int8", 7), Variant("base", "fake")

    assert (conditions.of(mine)["compute_type"], conditions.of(mine)["whisper_beam_size"]) == ("int8", 7)
    assert (conditions.of(default)["compute_type"], conditions.of(default)["whisper_beam_size"]) == (
        "float32",
        2,
    )
    assert conditions.key(mine) != conditions.key(default)
