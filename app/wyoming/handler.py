"""One connection of a voice assistant: it describes itself, sends what was said, and gets the text."""

import asyncio
import logging
import wave
from collections.abc import Sequence
from tempfile import SpooledTemporaryFile

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info
from wyoming.server import AsyncEventHandler

from app.client import AsyncClient, ClientError
from app.core.languages import LANGUAGES
from app.schemas.task import Priority

logger = logging.getLogger(__name__)

MEMORY_BYTES = 8 * 1024 * 1024
"""Part of a recording that is kept in memory: 4 minutes of 16 kHz; more goes to a temporary file."""


def description(models: Sequence[str]) -> Info:
    """What is told to whoever asks what this server is."""
    credit = Attribution(name="OpenAI", url="https://github.com/openai/whisper")
    shown = [
        AsrModel(
            name=name,
            attribution=credit,
            installed=True,
            description=f"Whisper {name}",
            version=None,
            languages=list(LANGUAGES),
        )
        for name in models
    ]
    program = AsrProgram(
        name="transcriber",
        attribution=credit,
        installed=True,
        description="Transcriber: Whisper behind a durable queue",
        version=None,
        models=shown,
    )
    return Info(asr=[program])


class Recording:
    """What was said, as a WAV."""

    def __init__(self, start: AudioStart, max_bytes: int) -> None:
        self.file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - closed by `close`
        self._left = max_bytes
        self._wave = wave.open(self.file, "wb")  # noqa: SIM115 - closed by `finish`
        self._wave.setnchannels(start.channels)
        self._wave.setsampwidth(start.width)
        self._wave.setframerate(start.rate)

    def add(self, samples: bytes) -> bool:
        """False where the recording is longer than is allowed."""
        self._left -= len(samples)
        if self._left < 0:
            return False
        self._wave.writeframes(samples)
        return True

    def finish(self) -> None:
        """Nothing more comes: the file is whole, and at its start."""
        self._wave.close()
        self.file.seek(0)

    def close(self) -> None:
        """Forget it."""
        self._wave.close()
        self.file.close()


class Assistant(AsyncEventHandler):
    """Serves one connection; a recording has priority `high`, since somebody stands and waits."""

    def __init__(
        self,
        client: AsyncClient,
        info: Info,
        max_bytes: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        super().__init__(reader, writer)
        self._client = client
        self._info = info
        self._max_bytes = max_bytes
        self._asked = Transcribe()
        self._recording: Recording | None = None

    async def handle_event(self, event: Event) -> bool:
        """False ends the connection: after an error, which clients may pass over and wait for ever."""
        if Describe.is_type(event.type):
            await self.write_event(self._info.event())
        elif Transcribe.is_type(event.type):
            self._asked = Transcribe.from_event(event)
        elif AudioStart.is_type(event.type):
            await self.disconnect()
            self._recording = Recording(AudioStart.from_event(event), self._max_bytes)
        elif AudioChunk.is_type(event.type):
            return await self._add(AudioChunk.from_event(event))
        elif AudioStop.is_type(event.type):
            return await self._answer()
        return True

    async def disconnect(self) -> None:
        """The connection has ended."""
        if self._recording is not None:
            self._recording.close()
            self._recording = None

    async def _add(self, chunk: AudioChunk) -> bool:
        if self._recording is None:
            self._recording = Recording(AudioStart(chunk.rate, chunk.width, chunk.channels), self._max_bytes)
        if self._recording.add(chunk.audio):
            return True
        return await self._fail("The recording is longer than MAX_UPLOAD_MB allows.", "upload_too_large")

    async def _answer(self) -> bool:
        recording, asked = self._recording, self._asked
        if recording is None:
            return await self._fail("The recording ended before it began.", "file_missing")
        recording.finish()
        try:
            task = await self._client.submit(
                recording.file,  # type: ignore[arg-type]
                filename="assistant.wav",
                model=asked.name,
                language=asked.language,
                hotwords=", ".join([*(asked.transcript_names or ()), *(asked.transcript_terms or ())])
                or None,
                priority=Priority.HIGH,
            )
            state = await self._client.wait(task.task_id)
        except ClientError as error:
            return await self._fail(str(error), type(error).__name__)
        finally:
            await self.disconnect()
        result = state.result or {}
        language = result.get("language")
        await self.write_event(Transcript(text=str(result.get("text", "")), language=language).event())
        self._asked = Transcribe()
        return True

    async def _fail(self, text: str, code: str) -> bool:
        logger.warning("A voice assistant gets no text: %s", text)
        await self.write_event(Error(text=text, code=code).event())
        return False
