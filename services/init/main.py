"""Prepare the back ends before the services start: roles, databases, buckets, keys, MLflow's schemas and accounts.

Idempotent: it creates missing parts, and sets every password to the one in `.env`.
"""

from __future__ import annotations

import importlib
import sys

from prepare_error import PrepareError

# Modules of this folder. Each is imported only for its own step, because importing MLflow takes seconds.
STEPS = {
    "databases": "Postgres roles and databases",
    "buckets": "S3 buckets and keys",
    "accounts": "MLflow schemas and accounts",
}


def main(steps: list[str]) -> int:
    """Run the steps in order; a PrepareError gives one sentence and exit code 2."""
    for step in steps:
        try:
            importlib.import_module(step).prepare()
        except PrepareError as error:
            print(f"{STEPS[step]}: {error}", file=sys.stderr)
            return 2
        print(f"{STEPS[step]}: ready", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
