"""How many windows a Whisper model decodes together on a GPU with CTranslate2: as many as its memory holds.

What a window takes is computed from the model's dimensions, and on the safe side: the longest text, and what
encoder and decoder need at the same time, since the allocator keeps what was freed. It agrees with the one
measurement there is (docs/research/measurements.md); the choice itself was not tried on a GPU. Where memory
runs out all the same, batches get smaller (app.asr.scheduling.dispatcher).
"""

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from app.asr.backends.faster_whisper.decoder import SAMPLES_TRIED
from app.asr.gpu_memory import free_bytes
from app.asr.hardware import BatchLimits, Device, batch_limits
from app.core.config import Settings
from app.weights.ct2_to_pt import read_shapes
from app.weights.files import WeightsError

logger = logging.getLogger(__name__)

SHARE_OF_FREE_MEMORY = 0.75
"""The rest is for what comes beside a full batch: batches on spare decode workers, and fragments."""

HEAD_WIDTH = 64
"""Of every Whisper."""

ENCODER_BUFFERS = 12
"""Arrays of the width of the model that a layer of the encoder has at a time: queries, keys, values, what
attends, its input and normalisation, and four times the width in the feed-forward part."""

LOGIT_BYTES = 4
LOGIT_BUFFERS = 3

_DECODER_LAYER = re.compile(r"decoder/layer_(\d+)/")


@dataclass(frozen=True, slots=True)
class WhisperShape:
    """Dimensions of a model: width of its layers, encoder states of a window, number of decoder layers, most
    tokens of a text, tokens of the vocabulary."""

    width: int
    states: int
    decoder_layers: int
    tokens: int
    vocabulary: int

    @classmethod
    def read(cls, folder: Path) -> "WhisperShape":
        """Those of the weights in a CTranslate2 folder. Raises WeightsError."""
        shapes = read_shapes(folder / "model.bin")
        layers = {found[1] for name in shapes if (found := _DECODER_LAYER.match(name))}
        try:
            states, width = shapes["encoder/position_encodings/encodings"]
            tokens, _ = shapes["decoder/position_encodings/encodings"]
            vocabulary, _ = shapes["decoder/embeddings/weight"]
        except (KeyError, ValueError) as error:
            raise WeightsError(f"the dimensions of the model are not known ({error})") from error
        return cls(width, states, len(layers), tokens, vocabulary)


def window_bytes(shape: WhisperShape, compute_type: str, beam_size: int) -> int:
    """Memory that one window of a batch takes at most, in bytes, beside the weights."""
    size = 2 if "float16" in compute_type else 4
    beams = max(beam_size, SAMPLES_TRIED)
    states = shape.states * shape.width * size
    scores = shape.width // HEAD_WIDTH * shape.states**2 * size
    encoder = ENCODER_BUFFERS * states + 2 * scores  # CTranslate2 has no fused attention on a GPU
    cross_attention = 2 * shape.decoder_layers * states  # keys and values, which all beams share
    text = shape.tokens * shape.width * size * beams
    self_attention = 2 * (shape.decoder_layers + 1) * text  # one layer twice while beams are reordered
    logits = LOGIT_BUFFERS * beams * shape.vocabulary * LOGIT_BYTES
    return encoder + 2 * states + cross_attention + self_attention + logits


def fitting_windows(free: int, shape: WhisperShape, compute_type: str, beam_size: int) -> int:
    """How many windows a batch may have where so many bytes are free; at least one."""
    return max(1, int(SHARE_OF_FREE_MEMORY * free / window_bytes(shape, compute_type, beam_size)))


def whisper_batch_limits(settings: Settings, device: Device, folder: Path, compute_type: str) -> BatchLimits:
    """The limits of batches for the model in `folder`, which is loaded."""
    fitting = None
    if device.kind == "cuda" and not settings.batch_size:
        fitting = _fitting_now(settings, device, folder, compute_type)
    limits = batch_limits(settings.batch_size, device.kind, fitting)
    logger.info("Batches hold %d windows at most", limits.windows)
    return limits


def _fitting_now(settings: Settings, device: Device, folder: Path, compute_type: str) -> int | None:
    """By the memory that is free now; None where that, or the model's shape, is not known."""
    free = free_bytes(device.index)
    if free is None:
        return None
    try:
        shape = WhisperShape.read(folder)
    except (WeightsError, OSError) as error:
        logger.info("How much memory a window takes is not known: %s", error)
        return None
    beam_size = settings.whisper_beam_size
    logger.info(
        "%d MiB of the GPU are free, and a window may take %d",
        free // 2**20,
        window_bytes(shape, compute_type, beam_size) // 2**20,
    )
    return fitting_windows(free, shape, compute_type, beam_size)
