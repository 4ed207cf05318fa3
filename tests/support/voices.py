"""Voices that are made of another one."""

import numpy as np
from numpy.typing import NDArray

LOWER = 0.8


def lower(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same words in a lower and slower voice of a longer throat: played at LOWER of the speed."""
    places = np.arange(0, len(sound) - 1, LOWER)
    return np.asarray(np.interp(places, np.arange(len(sound)), sound), np.float32)
