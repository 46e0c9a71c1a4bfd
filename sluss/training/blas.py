"""One thread for linear algebra, whatever process trains: a sum that several threads share has other last digits."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within, BLAS works in one thread. On a machine with other jobs that is also the faster way."""
    import scipy.linalg  # noqa: F401 - only a BLAS that is loaded can be told, and SciPy brings one of its own
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
