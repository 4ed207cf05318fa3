"""Our own clients send a long recording over a line that breaks again and again."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from app.client import AsyncClient, Client, Resume, RetryPolicy, ServiceProblem, ServiceUnreachable
from app.client.transfer import LONG_BYTES, PIECE_BYTES
from app.core.config import Settings
from tests.support.api import Service, serving
from tests.support.relay import TcpRelay

CUTS = 10
STUBBORN = RetryPolicy(retries=3, backoff=0.01)


class CuttingRelay(TcpRelay):
    """Breaks each of the first connections after a random number of bytes."""

    def __init__(self, port_behind: int, cuts: int) -> None:
        super().__init__(port_behind)
        self._random = random.Random(7)
        self._left = cuts
        self.cuts = 0

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mark: asyncio.Event
    ) -> None:
        left = self._random.randrange(PIECE_BYTES // 2) if self._left > 0 else None
        self._left -= 1
        while data := await reader.read(65536):
            writer.write(data if left is None else data[:left])
            await writer.drain()
            if left is not None:
                left -= len(data)
                if left <= 0:
                    self.cuts += 1
                    return

    async def _replies(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mark: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    @staticmethod
    def _hang_up(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WAV of noise: no two of its bytes may change places unseen."""
    path = tmp_path_factory.mktemp("long") / "long.wav"
    sound = random.Random(3).randbytes(LONG_BYTES + PIECE_BYTES // 2 * 2)
    head = b"RIFF" + (36 + len(sound)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    form = b"\1\0\1\0" + (16_000).to_bytes(4, "little") + (32_000).to_bytes(4, "little") + b"\2\0\x10\0"
    path.write_bytes(head + form + b"data" + len(sound).to_bytes(4, "little") + sound)
    return path


def has_arrived(service: Service, recording: Path) -> bool:
    """Whether it is that of the one task, byte for byte."""
    stored = service.folder / service.queued_task().file_path
    return stored.read_bytes() == recording.read_bytes()


async def test_the_line_breaks_ten_times(service: Service, long_recording: Path) -> None:
    async with CuttingRelay(service.port, CUTS) as relay:
        async with AsyncClient(f"http://127.0.0.1:{relay.port}", policy=STUBBORN) as client:
            await client.submit(long_recording, model="base", trim=5)
        assert relay.cuts == CUTS
    assert has_arrived(service, long_recording)
    assert (service.queued_task().filename, service.queued_task().model) == ("long.wav", "base")


async def test_the_plain_client_too(service: Service, long_recording: Path) -> None:
    async with CuttingRelay(service.port, CUTS) as relay:
        with Client(f"http://127.0.0.1:{relay.port}", policy=STUBBORN) as client:
            await asyncio.to_thread(client.submit, long_recording, model="base")
        assert relay.cuts == CUTS
    assert has_arrived(service, long_recording)


async def test_a_second_run_sends_only_the_rest(service: Service, long_recording: Path) -> None:
    """The first one ends as its tries do."""
    begun: list[str] = []
    resume = Resume(on_begin=begun.append)
    async with CuttingRelay(service.port, 1000) as relay:
        with (
            Client(f"http://127.0.0.1:{relay.port}", policy=RetryPolicy(retries=0)) as client,
            pytest.raises(ServiceUnreachable),
        ):
            await asyncio.to_thread(client.submit, long_recording, resume=resume)
    with Client(service.url) as client:
        await asyncio.to_thread(
            client.submit, long_recording, model="base", resume=Resume(begun[0], begun.append)
        )
    assert len(begun) == 1, "no second upload was begun"
    assert has_arrived(service, long_recording)


def test_an_upload_that_is_gone_is_begun_anew(service: Service, long_recording: Path) -> None:
    begun: list[str] = []
    with Client(service.url, policy=STUBBORN) as client:
        client.submit(long_recording, model="base", resume=Resume(f"/uploads/{'0' * 32}", begun.append))
    assert len(begun) == 1
    assert has_arrived(service, long_recording)


def test_what_is_refused_is_not_tried_again(
    settings_for: Callable[..., Settings], long_recording: Path
) -> None:
    with serving(settings_for(max_upload_mb=1)) as service, Client(service.url) as client:
        with pytest.raises(ServiceProblem) as error:
            client.submit(long_recording)
        assert error.value.code == "upload_too_large"
        assert service.files() == []
