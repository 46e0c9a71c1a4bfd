"""Configs: the import error of each use case whose config cannot be read. The DAGs of the others are not touched.

Airflow stops every DAG of a file that has an import error. This file has none; it only bears the errors.
"""

from __future__ import annotations

from sluss.config.settings import load_settings
from sluss.errors import ConfigError
from sluss.use_cases import load_use_case, use_case_names


def faults() -> list[str]:
    """The fault of each config that cannot be read."""
    settings, found = load_settings(), []
    for name in use_case_names(settings.config_dir):
        try:
            load_use_case(name, settings.config_dir)
        except ConfigError as error:
            found.append(str(error))
    return found


if wrong := faults():
    raise ConfigError("\n".join(wrong))
