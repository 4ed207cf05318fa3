"""A real S3 server of a test run (SeaweedFS), which is gone afterwards."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import httpx2
import obstore
from obstore.store import S3Store

from app.launcher.redis_server import free_port
from tests.support.serving import until

BUCKET = "recordings"
ACCESS_KEY, SECRET_KEY = "test-access", "test-secret"

VOLUME_MB, VOLUMES = 64, 16
"""Bound what the server puts on the disk: 1 GiB."""

MEMORY = "384MiB"
"""Heap from which on Go's runtime collects garbage hard."""

START_SECONDS = 60.0
STARTS = 3

_PORTS: tuple[str, ...] = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port")
_PORTS += ("filer.port.grpc", "s3.port", "s3.port.grpc")

_IDENTITY = {
    "name": "tests",
    "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
    "actions": ["Admin", "Read", "Write", "List", "Tagging"],
}


class S3Server:
    """One server on 127.0.0.1, with one bucket, whose user has ACCESS_KEY and SECRET_KEY."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="s3-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._ports: dict[str, int] = {}

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._ports['s3.port']}"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables by which its clients are known to it."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
        }

    def new_url(self) -> str:
        """A `STORAGE_URL` of an empty place in the bucket."""
        return f"s3://{BUCKET}/{uuid.uuid4().hex}"

    def start(self) -> None:
        """Until the bucket can be written; another program may be faster at one of its ports."""
        for _ in range(STARTS):
            if self._started():
                return
        raise AssertionError(self.log)

    def _started(self) -> bool:
        self._ports = _free_ports()
        keys = self._folder / "s3.json"
        keys.write_text(json.dumps({"identities": [_IDENTITY]}))
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(Path(sys.executable).with_name("weed")), *self._options(keys)],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=os.environ | {"GOMEMLIMIT": MEMORY, "GOMAXPROCS": "2"},
            )
        process = self._process
        until(lambda: process.poll() is not None or self._has_bucket(), START_SECONDS)
        return process.poll() is None

    def _options(self, keys: Path) -> list[str]:
        data = self._folder / "data"
        data.mkdir(exist_ok=True)
        options = {
            **{"ip": "127.0.0.1", "ip.bind": "127.0.0.1", "dir": str(data), "s3.config": str(keys)},
            **{
                "master.volumeSizeLimitMB": VOLUME_MB,
                "volume.max": VOLUMES,
                "s3.port.iceberg": 0,
                "s3.port.lance": 0,
            },
            **self._ports,
        }
        return ["server", "-s3", *(f"-{name}={value}" for name, value in options.items())]

    def _has_bucket(self) -> bool:
        """Create it, until that has worked."""
        with contextlib.suppress(subprocess.SubprocessError):
            self._shell(f"s3.bucket.create -name {BUCKET}")
        try:
            obstore.put(self._store(), f"{uuid.uuid4().hex}/ready", b"")
        except obstore.exceptions.BaseError:
            return False
        return True

    def _store(self) -> S3Store:
        return S3Store(
            BUCKET,
            endpoint=self.endpoint,
            access_key_id=ACCESS_KEY,
            secret_access_key=SECRET_KEY,
            client_options={"allow_http": True, "timeout": "10s"},
            retry_config={"max_retries": 0},
        )

    def _shell(self, command: str) -> None:
        master = f"127.0.0.1:{self._ports['master.port']}.{self._ports['master.port.grpc']}"
        weed = str(Path(sys.executable).with_name("weed"))
        filer = f"127.0.0.1:{self._ports['filer.port']}.{self._ports['filer.port.grpc']}"
        arguments = [weed, "shell", f"-master={master}", f"-filer={filer}"]
        subprocess.run(arguments, input=command.encode(), capture_output=True, timeout=10, check=True)

    def unfinished(self) -> set[str]:
        """Uploads of which parts lie in the bucket, and no whole."""
        url = f"http://127.0.0.1:{self._ports['filer.port']}/buckets/{BUCKET}/.uploads/"
        answer = httpx2.get(url, headers={"Accept": "application/json"}, params={"limit": 1000})
        entries = answer.json().get("Entries") if answer.status_code == 200 else None
        return {entry["FullPath"] for entry in entries or ()}

    def expire_unfinished(self) -> None:
        """Remove those parts, as a rule of the bucket does after days."""
        self._shell("s3.clean.uploads -timeAgo=0s")

    @property
    def log(self) -> str:
        """What it has said, but for what it tells of its options."""
        lines = (self._folder / "log").read_text("utf-8", "replace").splitlines()
        return "\n".join(line for line in lines if not line.startswith((" ", "\t")))[-4000:]

    def stop(self) -> None:
        """At once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def remove(self) -> None:
        """Stop it, and remove its data and the sockets that it leaves."""
        self.stop()
        for port in self._ports.values():
            for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                socket.unlink()
        shutil.rmtree(self._folder)


def _free_ports() -> dict[str, int]:
    ports: dict[str, int] = {}
    while len(set(ports.values())) < len(_PORTS):
        ports = {name: free_port() for name in _PORTS}
    return ports
