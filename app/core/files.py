"""How many files, sockets included, this process may open."""

import resource


def allow_files(wanted: int) -> int:
    """Raise this process's limit on open files to `wanted`, as far as the system lets it; the limit now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= wanted:
        return wanted if soft == unlimited else soft
    limit = wanted if hard == unlimited else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    except (OSError, ValueError):  # macOS has a second limit, and refuses what is beyond it
        return soft
    return limit
