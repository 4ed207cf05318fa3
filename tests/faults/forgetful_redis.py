"""A Redis that loses its last moments, as one with `appendfsync everysec` does in a power cut."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from app.launcher.redis_server import RedisServer

SAMPLE_SECONDS = 0.05
REMEMBERED_SECONDS = 5.0


class ForgetfulRedis(RedisServer):
    """Its append-only file holds every write before it is answered; `lose` cuts off the end of that file."""

    def __init__(
        self,
        directory: Path,
        port: int,
        *,
        program: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            directory,
            port,
            appendfsync="always",
            extra=("--auto-aof-rewrite-percentage", "0"),
            program=program,
            environment=environment,
        )
        self._sizes: deque[tuple[float, int]] = deque()

    def written(self) -> int:
        """How much is written by now: a mark for `lose`."""
        return self._file().stat().st_size

    def lose(self, mark: int) -> None:
        """Power cut and restart: everything since `mark` never happened."""
        self.kill()
        with self._file().open("r+b") as file:
            file.truncate(mark)
        self.start()

    async def watch(self) -> None:
        """Note how much is written when, until cancelled, for `lose_last`."""
        while True:
            now = time.monotonic()
            self._sizes.append((now, self.written()))
            while now - self._sizes[0][0] > REMEMBERED_SECONDS:
                self._sizes.popleft()
            await asyncio.sleep(SAMPLE_SECONDS)

    def lose_last(self, seconds: float, down_seconds: float = 0.0) -> int:
        """Power cut that loses so many seconds, or one sample less; how many bytes of writes those were."""
        self.kill()
        size = self.written()
        until = time.monotonic() - seconds
        mark = next((each for at, each in self._sizes if at >= until), size)
        self._sizes.clear()
        time.sleep(down_seconds)
        self.lose(mark)
        return size - mark

    def _file(self) -> Path:
        """The part of the append-only file that grows."""
        candidates = sorted((self.directory / "appendonlydir").glob("*.incr.aof"))
        return candidates[-1] if candidates else self.directory / "appendonly.aof"
