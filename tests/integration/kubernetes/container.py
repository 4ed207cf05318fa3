"""A rendered container as processes of this machine: its command, environment and probes, as the kubelet uses
them."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.support.processes import ROOT
from tests.unit.kubernetes.chart import Object

PROGRAMS = Path(sys.executable).parent
"""Where an image would have `python3` and `uvicorn`."""


class Container:
    """Folders that it mounts are below `folder`, those of a volume the same. Texts in `changed`, such as the
    name of a Service, stand for others here; its named port is `port`."""

    def __init__(
        self,
        container: Object,
        environment: dict[str, str],
        folder: Path,
        *,
        port: int = 0,
        changed: Mapping[str, str],
        programs: Path = PROGRAMS,
    ) -> None:
        self._container = container
        mounts = {each["mountPath"]: folder / each["name"] for each in container["volumeMounts"]}
        for place in mounts.values():
            place.mkdir(parents=True, exist_ok=True)
        self._changed = {path: str(place) for path, place in mounts.items()} | {**changed}
        # In one go: what is here may look like what is there.
        self._there = re.compile("|".join(map(re.escape, self._changed)))
        self.port = port
        ours = {name: self._here(value) for name, value in environment.items()}
        path = os.pathsep.join((str(programs), str(PROGRAMS), os.environ["PATH"]))
        kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
        self._environment = {"PATH": path, "TMPDIR": str(mounts["/tmp"]), **kept, **ours}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """As its image would, whose entry point runs the arguments as they are where it is no root's."""
        command = [*self._container.get("command", ()), *self._container["args"]]
        self._process = subprocess.Popen(
            [self._here(each) for each in command], cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL
        )

    def stop(self) -> int:
        """As the kubelet does; its exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=60)

    def kill(self) -> None:
        """Where a test has failed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def passes(self, probe: str) -> bool:
        """Whether a probe succeeds now."""
        asked = self._container[probe]
        if "exec" in asked:
            return self.runs(asked["exec"]["command"], asked["timeoutSeconds"] * 3)
        [named] = [each for each in self._container["ports"] if each["name"] == asked["httpGet"]["port"]]
        assert str(named["containerPort"]) in self._container["args"]
        return self._answers(asked["httpGet"]["path"])

    def runs(self, command: list[str], timeout_seconds: float) -> bool:
        """Whether a command within the container succeeds."""
        here = [self._here(each) for each in command]
        done = subprocess.run(
            here, cwd=ROOT, env=self._environment, timeout=timeout_seconds, check=False, capture_output=True
        )
        return done.returncode == 0

    def _answers(self, path: str) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
                return bool(200 <= answer.status < 400)
        except (HTTPError, URLError, ConnectionError):
            return False

    def _here(self, text: str) -> str:
        return self._there.sub(lambda found: self._changed[found[0]], text)
