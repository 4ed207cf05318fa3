"""Networks that are no Whisper (GigaAM, Parakeet, FastConformer, Canary), on onnxruntime by the package
onnx-asr. Optional: requirements/onnx-asr.txt."""

from app.asr.backends.onnx_asr.engine import OnnxAsrEngine
from app.asr.backends.onnx_asr.loading import is_installed, load

__all__ = ["OnnxAsrEngine", "is_installed", "load"]
