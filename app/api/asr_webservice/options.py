"""What a client of whisper-asr-webservice asks for, in that service's words (version 1.9)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from app.core.config import Settings
from app.core.validation import parse_choice, parse_flag, single_value
from app.schemas.form import TranscriptFormat
from app.schemas.task import Priority
from app.services.options import Options, parse_options

OUR_NAMES = {
    **{name: name for name in ("task", "language", "word_timestamps", "model", "hotwords")},
    "initial_prompt": "prompt",
    "vad_filter": "vad",
}
FIELDS = (*OUR_NAMES, "output", "encode")
"""Parameters that are read; others are left alone."""


class Output(StrEnum):
    """`output`."""

    TXT = "txt"
    VTT = "vtt"
    SRT = "srt"
    TSV = "tsv"
    JSON = "json"


def parse_output_format(values: Mapping[str, Sequence[str]]) -> TranscriptFormat:
    """The format asked for. Raises InvalidParameter."""
    output = parse_choice("output", single_value("output", values["output"]), Output, Output.TXT)
    return TranscriptFormat.TEXT if output is Output.TXT else TranscriptFormat(output.value)


def is_raw(values: Mapping[str, Sequence[str]]) -> bool:
    """Whether the recording is 16-bit samples of 16 kHz, one channel, without a header (`encode=false`).

    Raises InvalidParameter.
    """
    encode = single_value("encode", values["encode"])
    return encode is not None and not parse_flag("encode", encode)


def webservice_options(
    values: Mapping[str, Sequence[str]], settings: Settings, trim: float | None = None
) -> Options:
    """The parameters that concern the recording. Raises UnknownModel, InvalidParameter.

    Subtitles are made in the background, but their program waits: `priority` is high.
    """
    parse_output_format(values)
    is_raw(values)
    given = {ours: values[theirs] for theirs, ours in OUR_NAMES.items()}
    trims = [] if trim is None else [f"{trim:g}"]
    return parse_options({**given, "trim": trims, "priority": [Priority.HIGH]}, settings)
