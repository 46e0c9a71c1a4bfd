"""A LocalExecutor that does not wait for its tasks when the scheduler has failed."""

from __future__ import annotations

import time

from airflow.executors.local_executor import LocalExecutor

_GRACE = 5.0  # seconds; Docker kills a container that takes more than ten


class PromptExecutor(LocalExecutor):
    """Ends soon, so that the container restarts.

    A scheduler that loses its database ends, and Airflow's own executor then waits for the tasks that run, for hours if
    they take that long. No other task starts meanwhile. The tasks that this one stops are started again.
    """

    def end(self) -> None:
        """Ask the workers to end, and kill those that still work after a moment."""
        for _ in self.workers:
            self.activity_queue.put(None)
        until = time.monotonic() + _GRACE
        for worker in self.workers.values():
            worker.join(max(0.0, until - time.monotonic()))
            if worker.is_alive():
                worker.kill()
