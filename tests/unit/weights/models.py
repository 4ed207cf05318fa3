"""Small random models, for what does not depend on good weights."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.weights.checkpoint import Dimensions


def write_random_checkpoint(path: Path, *, n_vocab: int = 51_865, n_mels: int = 80) -> dict[str, Any]:
    """A `.pt` file as openai-whisper writes it; returns its tensors."""
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(7)
    size = Dimensions(n_mels, 1500, 64, 2, 2, n_vocab, 448, 64, 2, 2)
    model = Whisper(ModelDimensions(**asdict(size)))
    for parameter in model.parameters():  # some are left uninitialised, and may hold NaN
        torch.nn.init.normal_(parameter, std=0.02)
    state = model.half().state_dict()
    torch.save({"dims": asdict(size), "model_state_dict": state}, path)
    return {name: tensor.numpy() for name, tensor in state.items()}
