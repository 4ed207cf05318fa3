"""Redis and a Sentinel that speak TLS, with a certificate of our own authority, and ask for passwords."""

import asyncio
import contextlib
import re
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import pytest
import redis
import trustme

from app.core.config import Settings
from app.core.errors import QueueRefused, QueueUnavailable
from app.launcher.redis_programs import find_server
from app.launcher.redis_server import RedisServer, free_port
from tests.support.api import serving
from tests.support.processes import ROOT
from tests.support.queue import RESULT, Queue, claim, connected, task
from tests.support.serving import until

PASSWORD, SENTINEL_PASSWORD, USER_PASSWORD = "of-redis", "of-the-sentinel", "of-the-user"
WRONG = "hunter2"


@dataclass(frozen=True)
class Secured:
    """Where they listen, and the certificate of the authority."""

    port: int
    sentinel_port: int
    plain_sentinel_port: int
    authority: Path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A server, and a Sentinel that names it as `themaster` to the user `transcriber`."""
    folder = tmp_path_factory.mktemp("secured")
    found = Secured(free_port(), free_port(), free_port(), folder / "authority.pem")
    tls = _certificates(folder, found.authority)
    extra = [word for name, value in tls.items() for word in (f"--{name}", value)]
    server = RedisServer(folder / "redis", free_port(), extra=("--tls-port", str(found.port), *extra))
    server.start()
    with redis.Redis(port=server.port) as client:
        client.config_set("requirepass", PASSWORD)
    with subprocess.Popen(
        [str(find_server()), _sentinel_configuration(folder, found, tls), "--sentinel"],
        stdout=subprocess.DEVNULL,
    ) as sentinel:
        try:
            until(lambda: _names_a_master(found))
            yield found
        finally:
            sentinel.kill()
            server.kill()


def _certificates(folder: Path, authority_path: Path) -> dict[str, str]:
    """Options of both servers by name."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(authority_path))
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "server.key"))
    return {
        "tls-cert-file": str(folder / "server.pem"),
        "tls-key-file": str(folder / "server.key"),
        "tls-ca-cert-file": str(authority_path),
        "tls-auth-clients": "no",
        "tls-replication": "yes",  # a Sentinel asks its master by TLS where this is so
    }


def _sentinel_configuration(folder: Path, secured: Secured, tls: dict[str, str]) -> str:
    path = folder / "sentinel.conf"
    options = "".join(f"{name} {value}\n" for name, value in tls.items())
    path.write_text(
        f"port {secured.plain_sentinel_port}\ntls-port {secured.sentinel_port}\nbind 127.0.0.1\n{options}"
        f"sentinel monitor themaster 127.0.0.1 {secured.port} 1\n"
        f"sentinel auth-pass themaster {PASSWORD}\nrequirepass {SENTINEL_PASSWORD}\n"
        f"{_user_in_the_docs()}\n"
        f"user stranger on >{USER_PASSWORD} -@all\n"
    )
    return str(path)


def _user_in_the_docs() -> str:
    text = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    [rules] = re.findall(r"^user transcriber on >PASSWORD (.*)", text, re.MULTILINE)
    return f"user transcriber on >{USER_PASSWORD} {rules}"


def _names_a_master(secured: Secured) -> bool:
    with redis.Redis(
        port=secured.sentinel_port,
        host="127.0.0.1",
        password=SENTINEL_PASSWORD,
        ssl=True,
        ssl_ca_certs=str(secured.authority),
    ) as client:
        try:
            [master] = client.sentinel_masters().values()
        except redis.ConnectionError:
            return False
    return "master" in master["flags"] and not master["is_sdown"]


def direct(secured: Secured) -> dict[str, object]:
    """Settings for that server."""
    return {
        "redis_port": secured.port,
        "redis_password": PASSWORD,
        "redis_tls": True,
        "redis_ca_file": secured.authority,
    }


def by_sentinel(secured: Secured) -> dict[str, object]:
    """Settings for the master that the Sentinel names."""
    return direct(secured) | {
        "redis_port": 1,
        "redis_sentinels": f"127.0.0.1:{secured.sentinel_port}",
        "redis_sentinel_master": "themaster",
        "redis_sentinel_username": "transcriber",
        "redis_sentinel_password": USER_PASSWORD,
        "redis_sentinel_tls": True,
    }


def by_url(secured: Secured) -> dict[str, object]:
    """Settings for that server as one address."""
    url = f"rediss://:{PASSWORD}@127.0.0.1:{secured.port}/0"
    return {"redis_port": 1, "redis_url": url, "redis_ca_file": secured.authority}


def by_the_sentinels_password(secured: Secured) -> dict[str, object]:
    """The same without a user, as where Sentinels have `requirepass` alone."""
    others = {"redis_sentinel_username": None, "redis_sentinel_password": SENTINEL_PASSWORD}
    return by_sentinel(secured) | others


@contextlib.asynccontextmanager
async def using(settings: Settings, secured: Secured) -> AsyncIterator[Queue]:
    """A queue there; it ends when its connections have."""
    async with connected(settings) as queue:
        yield queue
    while _is_connected(secured):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def _is_connected(secured: Secured) -> bool:
    """asyncio ends TLS in the background, and warns where its loop ends before."""
    ports = {secured.port, secured.sentinel_port}
    return any(each.raddr and each.raddr.port in ports for each in psutil.Process().net_connections())


async def refusal(queue: Queue) -> QueueRefused | None:
    """Why Redis or the Sentinel refuses; None where it answers. A busy machine may need several tries."""
    while True:
        try:
            await queue.reader.queue_length()
        except QueueRefused as error:
            return error
        except QueueUnavailable:
            continue
        return None


@pytest.mark.parametrize("way", [direct, by_url, by_sentinel, by_the_sentinels_password])
async def test_a_task_is_done(
    quick: Callable[..., Settings], secured: Secured, way: Callable[[Secured], dict[str, object]]
) -> None:
    async with using(quick(**way(secured)), secured) as queue:
        assert await refusal(queue) is None
        await queue.producer.enqueue(task("t"))
        worker = await queue.worker()
        assert await worker.complete(await claim(worker), RESULT)


@pytest.mark.parametrize(
    ("way", "changes", "told"),
    [
        (direct, {"redis_password": WRONG}, "Redis refuses .* REDIS_PASSWORD"),
        (direct, {"redis_password": None}, "Redis refuses .* REDIS_PASSWORD"),
        (direct, {"redis_ca_file": None}, r"TLS with Redis: .*REDIS_CA_FILE.*\(REDIS_TLS\)"),
        (by_sentinel, {"redis_password": WRONG}, "Redis refuses .* REDIS_PASSWORD"),
        (by_sentinel, {"redis_sentinel_password": WRONG}, "Sentinels refuse .* REDIS_SENTINEL_PASSWORD"),
        (by_the_sentinels_password, {"redis_sentinel_password": None}, "Sentinels refuse .*_PASSWORD"),
        (by_sentinel, {"redis_sentinel_username": "stranger"}, "Sentinels refuse .* SENTINEL MASTERS"),
        (by_sentinel, {"redis_ca_file": None}, r"TLS with the Sentinels: .*\(REDIS_SENTINEL_TLS\)"),
    ],
)
async def test_the_setting_that_is_wrong_is_named(
    quick: Callable[..., Settings],
    secured: Secured,
    caplog: pytest.LogCaptureFixture,
    way: Callable[[Secured], dict[str, object]],
    changes: dict[str, object],
    told: str,
) -> None:
    async with using(quick(**way(secured) | changes), secured) as queue:
        error = await refusal(queue)
    assert error is not None
    assert re.search(told, error.detail)
    assert "127.0.0.1" not in error.detail, "clients are told no address"
    for secret in (WRONG, PASSWORD, SENTINEL_PASSWORD, USER_PASSWORD):
        assert secret not in caplog.text + error.detail


def test_an_api_with_a_wrong_password_is_not_ready(
    settings_for: Callable[..., Settings], secured: Secured
) -> None:
    plain = {"redis_sentinels": f"127.0.0.1:{secured.plain_sentinel_port}", "redis_sentinel_tls": False}
    settings = settings_for(**by_sentinel(secured) | plain | {"redis_sentinel_password": WRONG})
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        until(lambda: "REDIS_SENTINEL_PASSWORD" in client.get("/health/ready").json()["detail"])
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
        assert client.get("/health/live").status_code == 200
