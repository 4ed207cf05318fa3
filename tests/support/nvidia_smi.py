"""A stand-in for nvidia-smi, for machines without a GPU."""

from pathlib import Path


def nvidia_smi(folder: Path, listed: str = "GPU 0: X (UUID: GPU-1)") -> Path:
    """A program that knows the GPUs listed: 100 W, 2000 MiB and 40 % busy, ten times a second until it is
    ended."""
    program = folder / "nvidia-smi"
    listed = f'[ "$1" != --list-gpus ] || exec echo "{listed}"'
    program.write_text(f"#!/bin/sh\n{listed}\nwhile echo 100, 2000, 40; do sleep 0.1; done\n")
    program.chmod(0o755)
    return program
