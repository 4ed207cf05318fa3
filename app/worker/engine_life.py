"""One life of the engine process: its start, its end, and what ended it in words."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.worker.messages import MAX_LINE_BYTES
from app.worker.pending import Pending

ENGINE_PROGRAM = (sys.executable, "-m", "app.worker.engine_process")
"""What is run as the engine process; the number of its socket follows."""

REAP_SECONDS = 5.0
"""Time that a process gets to end after its socket has closed."""


@dataclass(slots=True)
class EngineLife:
    """An engine process, the socket to it, and the runs inside it.

    `listener` reads from the socket and ends with the process; `blamed`: its end is not held against a run.
    """

    process: asyncio.subprocess.Process
    writer: asyncio.StreamWriter
    ready: asyncio.Event
    listener: "asyncio.Task[None]" = field(init=False)
    pending: dict[int, Pending] = field(default_factory=dict)
    blamed: bool = False

    def kill(self) -> None:
        """End it at once, where it has not ended yet."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def reaped(self) -> int:
        """Exit status of a process whose socket has closed; kill it where it hangs on."""
        try:
            async with asyncio.timeout(REAP_SECONDS):
                return await self.process.wait()
        except TimeoutError:
            self.kill()
            return await self.process.wait()


async def start_engine(
    program: Sequence[str], environment: Mapping[str, str]
) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader, asyncio.StreamWriter]:
    """Start a program with one end of a socket pair in that environment; the process, and the other end.

    Raises OSError.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = await asyncio.create_subprocess_exec(
                *program,
                str(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                env=environment,
                start_new_session=True,  # Ctrl-C is the supervisor's business
            )
        except OSError:
            ours.close()
            raise
    reader, writer = await asyncio.open_connection(sock=ours, limit=MAX_LINE_BYTES)
    return process, reader, writer


def describe(status: int) -> str:
    """`killed by SIGSEGV` or `exit status 3`."""
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"
