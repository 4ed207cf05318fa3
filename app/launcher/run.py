"""One run of the whole service on this machine, from the first check to the last process ended."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import IO

from app.core.config import Settings
from app.launcher.checks import LaunchError, check_disk, check_port
from app.launcher.display import Display
from app.launcher.guard import Guard
from app.launcher.own_redis import OwnRedis
from app.launcher.plan import (
    base_url,
    child_environment,
    chosen_model,
    network_url,
    programs,
    worker_count,
)
from app.launcher.processes import POLL_SECONDS, Child, stop_children
from app.queue.local_server import names_redis, redis_answers

READY_SECONDS = 180.0
"""Time the API and a worker get to come up (a cold disk included)."""

HOPELESS_DEATHS = 3

HOPELESS_STATES = ("foreign_folder", "redis_cluster_unsupported")
"""What `/health/ready` says that does not change by waiting."""


class Stopped(Exception):
    """The user wants to stop before the service is ready."""


class StopRequests:
    """Counts Ctrl-C and SIGTERM: one asks for an orderly end, two for one at once, three have all killed."""

    def __init__(self) -> None:
        self._count = 0
        self._asked = threading.Event()

    def note(self, *_: object) -> None:
        """A signal handler."""
        self._count += 1
        self._asked.set()

    def asked(self) -> bool:
        """Whether the run is to end."""
        return self._count > 0

    def hurried(self) -> bool:
        """Whether it is to end at once."""
        return self._count > 1

    def impatient(self) -> bool:
        """Whether nothing is to be waited for any more."""
        return self._count > 2

    def check(self) -> None:
        """Raises Stopped where the run is to end."""
        if self.asked():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Sleep, but not through a request."""
        self._asked.wait(seconds)


class Run:
    """Checks, Redis, model, API and workers; `stop` undoes what was done, in the reverse order."""

    def __init__(self, settings: Settings, display: Display, requests: StopRequests, guard: Guard) -> None:
        self._settings = settings
        self._display = display
        self._requests = requests
        self._guard = guard
        self._redis = OwnRedis(settings)
        self._children: list[Child] = []

    def start(self) -> None:
        """Bring everything up. Raises LaunchError, RedisStartError, Stopped."""
        settings = self._settings
        if self._redis.stop_orphan():
            self._display.step("Stopped the Redis of an earlier run that was killed.")
        check_port(settings)
        check_disk(settings)
        model = chosen_model(settings, os.environ)
        self._fetch_model(model)
        self._requests.check()
        self._provide_redis()
        workers = worker_count(settings)
        noun = "worker" if workers == 1 else "workers"
        self._display.step(f"Starting the API and {workers} {noun} …")
        environment = child_environment(settings, model, self._redis.port, workers)
        for program in programs(settings, workers):
            child = Child(program, environment, self._display.child_line, self._guard)
            self._children.append(child)
            child.start()
        alive = self._wait_until_ready()
        network = network_url(settings)
        self._display.ready(base_url(settings), model, alive)
        if network is not None:
            self._display.reachable(network, is_open=not settings.api_keys)

    def watch(self) -> None:
        """Keep everything up until the user wants to stop."""
        while not self._requests.asked():
            self._tick()
            self._requests.wait(0.5)

    def stop(self) -> None:
        """Workers first, so that they can still hand their tasks back; then the API; Redis last."""
        workers = [child for child in self._children if child.program.name != "api"]
        api = [child for child in self._children if child.program.name == "api"]
        if workers:
            self._display.step("Stopping: the workers end their tasks or hand them back …")
        stop_children(workers, self._requests.hurried, self._requests.impatient)
        stop_children(api, self._requests.hurried, self._requests.impatient)
        redis_pid = self._redis.pid
        if redis_pid is not None:
            self._redis.stop()
            self._guard.forget(redis_pid)
        if self._children:
            self._display.step("Stopped.")

    def _fetch_model(self, model: str) -> None:
        if self._settings.engine in ("fake", "remote"):
            return
        self._display.step(f"Model {model}: looking into {self._settings.cache_dir}, else fetching it …")
        command = [sys.executable, "-m", "app.weights", "get", model]
        if self._settings.engine == "openai-whisper":
            command += ["--engine", "openai-whisper"]
        fetching = subprocess.Popen(command)
        while fetching.poll() is None:
            if self._requests.asked():
                fetching.terminate()
            time.sleep(POLL_SECONDS)
        self._requests.check()
        if fetching.returncode != 0:
            raise LaunchError(
                f"The model {model} is not here and could not be fetched: see the line above, "
                "or choose another one, as in `make run MODEL=base`."
            )

    def _provide_redis(self) -> None:
        settings = self._settings
        if names_redis(settings):
            if redis_answers(settings):
                self._display.step("Using the Redis of the settings.")
                return
            self._display.warn(
                "The Redis of the settings does not answer; starting one for this run instead."
            )
        self._guard.watch("redis", self._redis.start())
        self._display.step(
            f"{self._redis.version} is up on port {self._redis.port}; its data is in {settings.data_dir}."
        )

    def _wait_until_ready(self) -> int:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            self._requests.check()
            self._tick()
            self._give_up_on_the_hopeless()
            health = asked_health(base_url(self._settings))
            if health.get("status") in HOPELESS_STATES:
                raise LaunchError(str(health["detail"]))
            if isinstance(workers := health.get("workers"), int) and workers > 0:
                return workers
            self._requests.wait(0.1)
        raise LaunchError(
            f"The service is not ready after {READY_SECONDS:g} s: read {self._settings.log_dir}/service.log."
        )

    def _give_up_on_the_hopeless(self) -> None:
        for child in self._children:
            if child.deaths >= (1 if child.program.name == "api" else HOPELESS_DEATHS):
                raise LaunchError(f"The {child.program.name} ended while starting: its last words are above.")

    def _tick(self) -> None:
        for child in self._children:
            child.tick()
        if self._redis.port is not None and self._redis.pid is None:
            self._display.warn("Redis has ended; starting it again.")
            self._guard.watch("redis", self._redis.start())


def asked_health(url: str) -> dict[str, object]:
    """What the API says of its health, ready or not; nothing while it does not answer."""
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:
            told = json.load(answer)
    except urllib.error.HTTPError as error:
        told = _json_of(error)
    except (OSError, ValueError):
        told = None
    return told if isinstance(told, dict) else {}


def _json_of(answer: IO[bytes]) -> object:
    try:
        return json.load(answer)
    except (OSError, ValueError):
        return None
