"""What a client may ask of a recording, read from the words it used."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256

from app.core.config import Settings
from app.core.errors import InvalidParameter
from app.core.scripts import ChineseScript
from app.core.speaker_counts import SpeakerRange, speaker_range
from app.core.validation import parse_choice, parse_flag, parse_number, parse_trim, quoted, single_value
from app.schemas.known_speaker import KnownSpeaker
from app.schemas.task import ChannelMode, Priority, TaskKind, TrackChoice
from app.services.known_speakers import NAMES, REFERENCES, parse_known_speakers
from app.weights.model_choice import choose_model

UPLOAD = "upload"
"""Id of a resumable upload: a source like `url`, which no task keeps."""

AGAIN = "again_of"
"""Id of an earlier task, which is done again: its recording is the source where no other is given."""

LISTS = ("languages", NAMES, REFERENCES)
"""Parameters that may be given several times, and then hold all that was given."""

OPTIONS = (
    *("model", "trim", "language", "languages", "task", "prompt", "hotwords", "temperature"),
    *("word_timestamps", "vad", "track", "channels", "diarize", "speakers", NAMES, REFERENCES),
    *("priority", "url", UPLOAD, AGAIN, "webhook", "reuse", "summary"),
)
"""Parameters that may come in the query or as form fields."""

_TRACK_NUMBER = re.compile("[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of a recording, as `Task` has it."""

    model: str
    trim: float | None
    language: str | None
    languages: tuple[str, ...]
    script: ChineseScript | None
    task: TaskKind
    prompt: str | None
    hotwords: str | None
    temperature: float
    word_timestamps: bool
    vad: bool
    track: int | TrackChoice
    channels: ChannelMode
    diarize: bool
    speakers: SpeakerRange | None
    known_speakers: tuple[KnownSpeaker, ...]
    priority: Priority
    url: str | None
    again_of: str | None
    webhook: str | None
    reuse: bool
    summary: bool

    @property
    def may_be_reused(self) -> bool:
        """Whether the same content would give the same text, and that is welcome."""
        return self.reuse and not self.temperature and self.url is None

    def fingerprint(self, source: str) -> str:
        """Name of what is asked of which recording; `source` is the digest of its content, or its address."""
        known = [each.model_dump() for each in self.known_speakers]
        asked = asdict(replace(self, priority=Priority.NORMAL, webhook=None, reuse=True)) | {
            "known_speakers": known
        }
        del asked[AGAIN]  # the text does not depend on it, nor did names before there was such an option
        del asked["summary"]  # it changes nothing of the transcript
        return sha256(json.dumps([source, asked], sort_keys=True).encode()).hexdigest()


def parse_options(values: Mapping[str, Sequence[str]], settings: Settings) -> Options:
    """What is asked for; `values` holds all that were given for each of OPTIONS.

    Raises UnknownModel, InvalidParameter.
    """
    given = {name: single_value(name, values.get(name, ())) for name in OPTIONS if name not in LISTS}
    trim, temperature = given["trim"], given["temperature"]
    kind = parse_choice("task", given["task"], TaskKind, TaskKind.TRANSCRIBE)
    choice = choose_model(given["model"], kind, given["language"], values.get("languages", ()), settings)
    speakers, known = _speakers(given["speakers"], given["diarize"]), parse_known_speakers(values)
    diarize = _flag(given, "diarize", default=speakers is not None or bool(known))
    # the sides of a call are told apart by their channels, which nothing does better
    usual_channels = ChannelMode.AUTO if diarize else ChannelMode.MIX
    return Options(
        model=choice.model,
        trim=parse_trim(trim) if trim else settings.default_trim,
        language=choice.language,
        languages=choice.languages,
        script=choice.script,
        task=kind,
        prompt=given["prompt"],
        hotwords=given["hotwords"],
        temperature=parse_number("temperature", temperature, least=0, most=1) if temperature else 0.0,
        word_timestamps=_flag(given, "word_timestamps", default=False),
        vad=_flag(given, "vad", default=True),
        track=_track(given["track"]),
        channels=parse_choice("channels", given["channels"], ChannelMode, usual_channels),
        diarize=diarize,
        speakers=speakers,
        known_speakers=known if diarize else (),
        priority=parse_choice("priority", given["priority"], Priority, Priority.NORMAL),
        url=given["url"],
        again_of=given[AGAIN],
        webhook=given["webhook"],
        reuse=_flag(given, "reuse", default=True),
        summary=_summary(given, settings),
    )


def _track(text: str | None) -> int | TrackChoice:
    """The number of a track, from 1, or a choice."""
    if text is None:
        return TrackChoice.AUTO
    if text.lower() in frozenset(TrackChoice):
        return TrackChoice(text.lower())
    if _TRACK_NUMBER.fullmatch(text):
        return int(text)
    raise InvalidParameter(
        f"`track` must be the number of an audio track, from 1, or auto or mix; it was {quoted(text)}.",
        parameter="track",
    )


def _speakers(text: str | None, diarize: str | None) -> SpeakerRange | None:
    """How many speak; whoever tells that wants them told apart."""
    if text is None:
        return None
    if diarize is not None and not parse_flag("diarize", diarize):
        raise InvalidParameter(
            "`speakers` needs `diarize` to be true: leave one of them out.", parameter="speakers"
        )
    try:
        return speaker_range(text)
    except ValueError as error:
        raise InvalidParameter(
            f"`speakers` must be {error}; it was {quoted(text)}.", parameter="speakers"
        ) from error


def _summary(given: Mapping[str, str | None], settings: Settings) -> bool:
    is_wanted = _flag(given, "summary", default=False)
    if is_wanted and not (settings.summary_url and settings.archive):
        raise InvalidParameter(
            "This service makes no summaries (SUMMARY_URL, ARCHIVE): leave `summary` out.",
            parameter="summary",
        )
    return is_wanted


def _flag(given: Mapping[str, str | None], name: str, *, default: bool) -> bool:
    text = given[name]
    return default if text is None else parse_flag(name, text)
