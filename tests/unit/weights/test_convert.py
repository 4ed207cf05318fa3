import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from app.weights import ct2_to_pt, pt_to_ct2
from app.weights.checkpoint import read_checkpoint
from app.weights.files import WeightsError
from app.weights.vocabulary import donor_size, fit, read_vocabulary
from tests.unit.weights.models import write_random_checkpoint

pytestmark = pytest.mark.weights


@pytest.fixture
def base(base_weights: Path) -> Path:
    return base_weights / "whisper" / "base"


def test_base_survives_the_way_there_and_back(base: Path, tmp_path: Path) -> None:
    vocabulary = read_vocabulary(base)
    assert vocabulary is not None

    ct2_to_pt.convert(base, tmp_path / "base.pt")
    pt_to_ct2.convert(read_checkpoint(tmp_path / "base.pt"), vocabulary, tmp_path / "base", "base")

    before = ct2_to_pt.read_variables(base / "model.bin")
    after = ct2_to_pt.read_variables(tmp_path / "base" / "model.bin")
    assert len(after) > 200
    assert all(np.array_equal(array, before[name]) for name, array in after.items() if name in before)
    assert {name for name, array in before.items() if array.ndim} <= after.keys()
    assert _config(tmp_path / "base") == _config(base)


def test_base_has_the_dimensions_that_openai_gives_it(base: Path) -> None:
    checkpoint = ct2_to_pt.to_checkpoint(ct2_to_pt.read_variables(base / "model.bin"))

    size = checkpoint.dimensions
    assert (size.n_mels, size.n_audio_ctx, size.n_audio_state, size.n_audio_head) == (80, 1500, 512, 8)
    assert (size.n_vocab, size.n_text_ctx, size.n_text_state, size.n_text_head) == (51865, 448, 512, 8)
    assert (size.n_audio_layer, size.n_text_layer) == (6, 6)


@pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning"
)  # openai-whisper leaves its vocabulary open
def test_large_v3_gets_cantonese_and_its_128_bands(base: Path, tmp_path: Path) -> None:
    import ctranslate2
    from whisper.tokenizer import get_tokenizer

    write_random_checkpoint(tmp_path / "mine.pt", n_vocab=51_866, n_mels=128)
    donor = read_vocabulary(base)
    assert donor is not None

    vocabulary = fit(donor, 51_866)
    pt_to_ct2.convert(read_checkpoint(tmp_path / "mine.pt"), vocabulary, tmp_path / "mine", "mine")

    openai = get_tokenizer(multilingual=True, num_languages=100)
    ours = Tokenizer.from_file(str(tmp_path / "mine" / "tokenizer.json"))
    for token in ("<|startoftranscript|>", "<|su|>", "<|yue|>", "<|translate|>", "<|notimestamps|>"):
        assert ours.token_to_id(token) == openai.special_tokens[token]
        assert vocabulary.tokens[openai.special_tokens[token]] == token
    assert set(vocabulary.lang_ids) == set(openai.all_language_tokens)
    assert set(openai.non_speech_tokens) <= set(vocabulary.suppress_ids)
    assert json.loads((tmp_path / "mine" / "preprocessor_config.json").read_text())["feature_size"] == 128
    assert ctranslate2.models.Whisper(str(tmp_path / "mine"), compute_type="float32").n_mels == 128


def test_an_unknown_vocabulary_is_refused(base: Path) -> None:
    donor = read_vocabulary(base)
    assert donor is not None

    with pytest.raises(WeightsError, match="belongs to no known Whisper model"):
        donor_size(1000)
    with pytest.raises(WeightsError, match="cannot serve a model with 51864"):
        fit(donor, 51_864)


def test_a_folder_without_a_tokenizer_lends_none(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.txt").write_text("a\nb\n")

    assert read_vocabulary(tmp_path) is None


def test_quantised_weights_are_refused() -> None:
    with pytest.raises(WeightsError, match="quantised to int8"):
        ct2_to_pt.to_checkpoint({"encoder/conv1/weight": np.zeros((2, 2), np.int8)})


def test_missing_weights_are_named() -> None:
    with pytest.raises(WeightsError, match="encoder/conv1/weight"):
        ct2_to_pt.to_checkpoint({"encoder/layer_0/x": np.zeros(2, np.float16)})


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "damaged"), (b"\5\0\0\0", "format version 5"), (b"\6\0\0\0\4\0GPT\0" + bytes(20), "holds a GPT")],
)
def test_a_broken_model_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "model.bin").write_bytes(content)

    with pytest.raises(WeightsError, match=message):
        ct2_to_pt.read_variables(tmp_path / "model.bin")


def test_a_cut_model_file_is_refused(base: Path, tmp_path: Path) -> None:
    with (base / "model.bin").open("rb") as whole:
        (tmp_path / "model.bin").write_bytes(whole.read(1_000_000))

    with pytest.raises(WeightsError, match="damaged"):
        ct2_to_pt.read_variables(tmp_path / "model.bin")


def _config(folder: Path) -> object:
    return json.loads((folder / "config.json").read_text())
