"""Who is the master: the Sentinels are asked."""

from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError


class NoMaster(MasterNotFoundError):
    """No Sentinel names a master; `errors` of those that gave no answer."""

    def __init__(self, name: str, errors: dict[str, RedisError]) -> None:
        told = "; ".join(f"{address}: {error}" for address, error in errors.items())
        super().__init__(f"No Sentinel names a master {name!r} ({told or 'all answered'})")
        self.errors = tuple(errors.values())


class Sentinels(Sentinel):
    """As in redis-py, but tells why each gave no answer; where one refuses the command the next is asked."""

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Address and port of the master of that name. Raises NoMaster."""
        errors: dict[str, RedisError] = {}
        for sentinel in list(self.sentinels):
            try:
                masters = cast(dict[str, Any], await sentinel.sentinel_masters())
            except (RedisConnectionError, RedisTimeoutError, ResponseError) as error:
                errors[_address_of(sentinel)] = error
                continue
            state = masters.get(service_name)
            if state and self.check_master_state(state, service_name):
                self.sentinels.remove(sentinel)
                self.sentinels.insert(0, sentinel)  # asked first from now on
                return str(state["ip"]), int(state["port"])
        raise NoMaster(service_name, errors)


class MasterPool(SentinelConnectionPool):
    """Closes the connections to the Sentinels too, which redis-py leaves open."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close all connections; those in use only if `inuse_connections`."""
        await super().disconnect(inuse_connections)
        for sentinel in self.sentinel_manager.sentinels:
            await sentinel.aclose()


def _address_of(sentinel: Redis) -> str:
    options: dict[str, Any] = sentinel.connection_pool.connection_kwargs
    return f"{options['host']}:{options['port']}"
