"""Why Redis or the Sentinels refuse a connection, as a sentence that names the settings to check."""

from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError

from app.queue.sentinels import NoMaster

TLS_REFUSALS = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "_ALERT_")
"""OpenSSL's words where the two sides do not agree; not where the connection ended in between."""


def refusal_sentence(error: RedisError) -> str | None:
    """The sentence for this error; None where no setting is to blame. It tells no address and no secret."""
    if isinstance(error, NoMaster):
        sentences = (_of_sentinel(each) for each in error.errors)
        return next((each for each in sentences if each), None)
    if isinstance(error, AuthenticationError):
        return "Redis refuses the user name or password; check REDIS_USERNAME, REDIS_PASSWORD or REDIS_URL."
    return _of_tls(error, "Redis", "REDIS_TLS")


def _of_sentinel(error: RedisError) -> str | None:
    if isinstance(error, AuthenticationError):
        return (
            "The Sentinels refuse the user name or password; check REDIS_SENTINEL_USERNAME and "
            "REDIS_SENTINEL_PASSWORD."
        )
    if isinstance(error, NoPermissionError):
        return "The Sentinels refuse the command SENTINEL MASTERS; grant it to their user (ACL)."
    if "unknown command" in str(error):
        return "An address in REDIS_SENTINELS is no Sentinel: their usual port is 26379."
    return _of_tls(error, "the Sentinels", "REDIS_SENTINEL_TLS")


def _of_tls(error: RedisError, server: str, setting: str) -> str | None:
    if not isinstance(error, RedisConnectionError) or not any(word in str(error) for word in TLS_REFUSALS):
        return None
    return (
        f"No TLS with {server}: the certificate is not trusted (REDIS_CA_FILE) or is for another address, or "
        f"the port speaks none ({setting})."
    )
