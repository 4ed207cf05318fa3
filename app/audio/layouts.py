"""Channel layouts that PyAV must not touch.

FFmpeg keeps a list of the channels' places where these are no common layout, or in another order: in MOV
and CAF (`chan`), MP4 (`chnl`) and ambisonic Opus. PyAV (18.1) copies the pointer to that list with each
AudioLayout and frees it with each, which ended the process. The layout of a codec is therefore replaced
before the codec is opened; what a codec gives its frames all the same is never freed by Python.
"""

from typing import Any

from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from app.core.errors import AudioUndecodable

MOST_KEPT = 1_000_000
"""Layouts that are never freed, of about 100 bytes each."""

_KEPT: list[AudioLayout] = []

_OPUS_MAPPING = 18
"""Where the channel mapping family is in the header of Opus (RFC 7845, section 5.1)."""

_AMBISONIC, _DISCRETE = 2, 255
"""Families that lay out their header alike (RFC 8486, section 3.1)."""


def is_list(layout: AudioLayout) -> bool:
    """Whether the places of its channels are listed one by one, as FFmpeg's description tells."""
    return " channels (" in layout.name or "+" in layout.name


def settle_layouts(container: InputContainer) -> None:
    """Have all codecs take channels in unusual places for channels in unknown ones."""
    for stream in container.streams.audio:
        codec = stream.codec_context
        if codec is not None and is_list(layout := codec.layout):
            # PyAV overwrites the codec's pointer and frees nothing: `layout` is then the list's only owner.
            codec.layout = f"{layout.nb_channels} channels"
            _make_discrete(codec)


def _make_discrete(codec: AudioCodecContext) -> None:
    """The decoder of Opus reads the layout from the header, and would list the places again."""
    header = bytearray(codec.extradata or b"")
    if codec.name.endswith("opus") and header[_OPUS_MAPPING : _OPUS_MAPPING + 1] == bytes([_AMBISONIC]):
        header[_OPUS_MAPPING] = _DISCRETE
        codec.extradata = bytes(header)


def decoded(packet: "Packet[Stream]") -> list[Any]:
    """The frames of a packet. Raises av.FFmpegError, AudioUndecodable."""
    if len(_KEPT) >= MOST_KEPT:
        raise AudioUndecodable("The channels of the recording are in places that cannot be read; convert it.")
    frames: list[Any] = packet.decode()
    _KEPT.extend(each.layout for each in frames if isinstance(each, AudioFrame) and is_list(each.layout))
    return frames
