"""How this service names what it keeps beside each other."""

import re
from pathlib import PurePosixPath

from app.schemas.task import Task

DOWNLOAD_EXTENSION = "download"
"""Of recordings that a worker fetches from addresses without one."""

CLIPS_EXTENSION = "known_speaker_clips"
"""Longer than the extension of a recording can be."""

OWN_NAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_]+)")
"""A UUID and an extension: foreign programs' files in the folder are never touched by housekeeping."""

_EXTENSION = re.compile(r"(?!(part|json)$)[A-Za-z0-9_]{1,16}")
"""Of recordings; `part` and `json` are those of what is kept beside them."""


def is_path_unknown(task: Task) -> bool:
    """Whether of a task only its id is known: the archive keeps no paths, and Redis has forgotten it."""
    return task.url is None and task.file_path == task.task_id


def fetched_name(task: Task) -> str:
    """Name of what is fetched for a task, whatever path the task gives: no other file is overwritten."""
    extension = PurePosixPath(task.file_path).suffix.removeprefix(".")
    return f"{task.task_id}.{extension if _EXTENSION.fullmatch(extension) else DOWNLOAD_EXTENSION}"
