"""The context of a step: settings and use case, and the stores that they lead to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sluss.config.settings import step_settings
from sluss.problems import problem_of
from sluss.storage.lake import Lake
from sluss.storage.warehouse import open_warehouse
from sluss.tracking.client import connect, reachable
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mlflow import MlflowClient

    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase
    from sluss.problems.problem import Problem
    from sluss.storage.warehouse import Warehouse


@dataclass(frozen=True)
class Context:
    """Settings and use case. Opens the lake, MLflow, the warehouse and the problem on first use."""

    settings: Settings
    use_case: UseCase

    @cached_property
    def lake(self) -> Lake:
        """The use case's Delta tables at their newest versions."""
        return Lake(self.settings, self.use_case.name)

    @cached_property
    def problem(self) -> Problem:
        """The use case's problem: how it scores, judges and describes predictions."""
        return problem_of(self.use_case)

    @property
    def client(self) -> MlflowClient:
        """A client of MLflow. Reading it also sets the address that MLflow's own functions use.

        Raises:
            ServiceError: MLflow does not answer, or refuses the login.
        """
        # Not cached: two contexts in one process may lead to two servers.
        return connect(self.settings)

    def reachable(self) -> AbstractContextManager[None]:
        """Turn a failing MLflow into a ServiceError."""
        return reachable(self.settings)

    def warehouse(self) -> AbstractContextManager[Warehouse]:
        """Open a connection to the warehouse and close it at the end of the block."""
        return open_warehouse(self.settings)


def load_context(use_case: str) -> Context:
    """Load the context of a use case by its name, from the environment and `config/`.

    Raises:
        ConfigError: a setting or the use case's config is missing or wrong.
    """
    settings = step_settings()
    return Context(settings, load_use_case(use_case, settings.config_dir))
