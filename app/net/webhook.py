"""Tell an address that a client named what has become of its task. For the event loop."""

from collections.abc import Mapping

import anyio
import httpcore2

from app.core.errors import FetchFailed
from app.net.address_policy import AddressPolicy, Resolver, ascii_host, parse_url, system_resolver
from app.net.backend import AsyncGuardedBackend
from app.net.wire import headers_for, target_of, tls_context, translated

WEBHOOK_SECONDS = 10.0
"""For all of one request, from the look-up of the name to the status of the answer."""


class WebhookSender:
    """Sends requests, each over a connection of its own: they are too rare to keep any open."""

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        resolver: Resolver = system_resolver,
        seconds: float = WEBHOOK_SECONDS,
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._seconds = seconds

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Status of the answer, a redirect's too: none is followed. Raises UnsafeAddress, FetchFailed.

        The answer's body is not read: nothing in it is wanted, and a receiver that never ends it has the
        message all the same.
        """
        target = parse_url(url, self._policy)
        backend = AsyncGuardedBackend(self._policy, self._resolver)
        try:
            with translated(target), anyio.fail_after(self._seconds):
                async with (
                    httpcore2.AsyncConnectionPool(ssl_context=tls_context(), network_backend=backend) as pool,
                    pool.stream(
                        "POST", target_of(target), headers=headers_for(target, headers), content=body
                    ) as answer,
                ):
                    return answer.status
        except TimeoutError as error:
            raise FetchFailed(
                f"The host {ascii_host(target)} did not answer within {self._seconds:g} seconds."
            ) from error
