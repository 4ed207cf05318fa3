"""The encoder's weights in a CTranslate2 folder, as single precision, whatever they are stored as."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.weights.checkpoint import Array
from app.weights.ct2_to_pt import read_variables
from app.weights.files import WeightsError

_PREFIX = "encoder/"
_LAYER_NUMBER = re.compile(r"layer_(\d+)/")


@dataclass(frozen=True, slots=True)
class EncoderWeights:
    """The variables by their names in CTranslate2's specification, without `encoder/` in front."""

    variables: dict[str, Array]

    @classmethod
    def read(cls, folder: Path) -> "EncoderWeights":
        """Those of `model.bin`. Raises WeightsError."""
        variables = read_variables(folder / "model.bin")
        return cls(
            {
                name.removeprefix(_PREFIX): array
                for name, array in variables.items()
                if name.startswith(_PREFIX)
            }
        )

    @property
    def heads(self) -> int:
        """Attention heads of each layer. Raises WeightsError."""
        return int(self._stored("num_heads"))

    @property
    def layers(self) -> int:
        """How many there are."""
        found = (_LAYER_NUMBER.match(name) for name in self.variables)
        return 1 + max((int(each[1]) for each in found if each), default=-1)

    def array(self, name: str) -> NDArray[np.float32]:
        """One variable, in memory of its own; what is quantised is divided by its scale, as CTranslate2 does.

        int8 has a scale for each row, int16 one for all. Raises WeightsError.
        """
        stored = self._stored(name)
        if not np.issubdtype(stored.dtype, np.integer):
            return np.array(stored, np.float32)
        scale = np.asarray(self._stored(f"{name}_scale"), np.float32)
        return stored.astype(np.float32) / scale.reshape(*scale.shape, *(1,) * (stored.ndim - scale.ndim))

    def _stored(self, name: str) -> Array:
        try:
            return self.variables[name]
        except KeyError as error:
            raise WeightsError(f"the weight {_PREFIX}{name} is missing") from error
