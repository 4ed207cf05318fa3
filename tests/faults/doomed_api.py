"""An API that is killed while it makes an upload durable: `python -m tests.faults.doomed_api PORT`."""

import os
import signal
import sys

import uvicorn

from app.storage.bucket.upload import BucketUpload
from app.storage.local import LocalUpload


def _die(_: LocalUpload | BucketUpload) -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def main(port: int) -> None:
    """Serve until the first recording is to be committed."""
    LocalUpload.commit = BucketUpload.commit = _die  # type: ignore[method-assign,assignment]
    uvicorn.run("main:app", port=port)


if __name__ == "__main__":
    main(int(sys.argv[1]))
