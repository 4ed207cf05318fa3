"""What the processor of this machine is called."""

import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def processor_fields() -> dict[str, str]:
    """What Linux tells of the last core, by its names; empty on other systems."""
    lines = CPUINFO.read_text().splitlines() if CPUINFO.exists() else []
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def processor_name() -> str:
    """As its maker calls it, or its architecture (ARM tells no name)."""
    return processor_fields().get("model name") or platform.processor() or platform.machine()
