"""Network backends that look a name up, check what it leads to and connect to that very address.

The HTTP library hands them the host of the URL and keeps it for itself: the Host header and the name that
TLS asks for and verifies stay what the client wrote. No name is looked up after its check, so an answer of
the DNS that changes between two look-ups (rebinding) changes nothing.
"""

from collections.abc import Iterable

import anyio.to_thread
import httpcore2

from app.net.address_policy import AddressPolicy, Resolver, resolve_allowed
from app.net.deadline import Deadline, DeadlineStream

MAX_ADDRESSES = 4
"""Addresses of one host that are tried; each gets its share of the time."""

CONNECT_SECONDS = 10.0


class GuardedBackend(httpcore2.NetworkBackend):
    """For a plain thread."""

    def __init__(self, policy: AddressPolicy, resolver: Resolver, deadline: Deadline) -> None:
        self._policy = policy
        self._resolver = resolver
        self._deadline = deadline
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first checked address that answers. Raises UnsafeAddress, FetchFailed."""
        self._deadline.step(timeout)
        found = resolve_allowed(host, port, self._policy, self._resolver)[:MAX_ADDRESSES]
        failure: Exception = httpcore2.ConnectError()
        for address in found:
            share = self._deadline.step((timeout or CONNECT_SECONDS) / len(found))
            try:
                stream = self._inner.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return DeadlineStream(stream, self._deadline)
        raise failure


class AsyncGuardedBackend(httpcore2.AsyncNetworkBackend):
    """For the event loop; the caller sets the time limit around all of the request."""

    def __init__(self, policy: AddressPolicy, resolver: Resolver) -> None:
        self._policy = policy
        self._resolver = resolver
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as the interface has it
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first checked address that answers. Raises UnsafeAddress, FetchFailed."""
        # Abandoned when time is up: the look-up itself cannot be interrupted.
        checked = await anyio.to_thread.run_sync(
            resolve_allowed, host, port, self._policy, self._resolver, abandon_on_cancel=True
        )
        found = checked[:MAX_ADDRESSES]
        share = (timeout or CONNECT_SECONDS) / len(found)
        failure: Exception = httpcore2.ConnectError()
        for address in found:
            try:
                return await self._inner.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure
