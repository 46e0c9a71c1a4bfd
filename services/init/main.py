"""Prepare the back ends once, before anything serves: roles, databases, buckets, keys, MLflow's schemas and accounts.

Safe to run again: it makes what is missing and sets every password to what `.env` says.
"""

from __future__ import annotations

import importlib
import sys

from prepare_error import PrepareError

# Each is a module beside this one; imported only when it is asked for, because MLflow's takes seconds.
STEPS = {
    "databases": "Postgres roles and databases",
    "buckets": "S3 buckets and keys",
    "accounts": "MLflow schemas and accounts",
}


def main(steps: list[str]) -> int:
    """Run the steps in order; a problem that a person can mend is one sentence and exit code 2."""
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
