"""Types of the arrays that models take and give."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Labels = NDArray[np.int8] | NDArray[np.int16] | NDArray[np.float64] | NDArray[np.object_]
