"""`python -m app.launcher`, which is what `make run` runs."""

import os
import signal
import sys

from app.core.config import Settings
from app.core.startup import read_settings
from app.core.unknown_settings import unknown_settings
from app.launcher.checks import LaunchError, folder_lock
from app.launcher.display import Display
from app.launcher.guard import Guard
from app.launcher.redis_programs import RedisStartError
from app.launcher.run import Run, Stopped, StopRequests


def main() -> int:
    """Exit status: 0 after an orderly end, 1 where the service could not be started."""
    settings = read_settings()
    display, requests = Display(), StopRequests()
    for sentence in unknown_settings(os.environ):
        display.warn(sentence)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, requests.note)
    try:
        with folder_lock(
            settings.data_dir, lambda: display.step("Waiting for the remains of an earlier run to end …")
        ) as lock:
            serve(settings, display, requests, Guard(lock))
    except Stopped:
        return 0
    except (LaunchError, RedisStartError) as error:
        display.fail(str(error))
        return 1
    return 0


def serve(settings: Settings, display: Display, requests: StopRequests, guard: Guard) -> None:
    """Run the service until the user stops it; nothing is left behind, however it ends."""
    run = Run(settings, display, requests, guard)
    try:
        run.start()
        run.watch()
    finally:
        run.stop()
        guard.close()


if __name__ == "__main__":
    sys.exit(main())
