"""One thread for linear algebra: the order in which several threads add up a sum changes its last digits."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread within the block. On a machine with other jobs that is faster, too."""
    import scipy.linalg  # noqa: F401 - the limit applies only to loaded libraries, and SciPy has a BLAS of its own
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
