"""Prepare the back ends once, before anything serves: roles, databases, buckets, keys, MLflow's schemas and accounts.

Safe to run again: it makes what is missing and sets every password to what `.env` says.
"""

import sys
from collections.abc import Callable

import accounts
import buckets
import databases
from problem import Problem

STEPS: dict[str, tuple[str, Callable[[], None]]] = {
    "databases": ("Postgres roles and databases", databases.prepare),
    "buckets": ("S3 buckets and keys", buckets.prepare),
    "accounts": ("MLflow schemas and accounts", accounts.prepare),
}


def main(steps: list[str]) -> int:
    """Run the steps in order; a problem that a person can mend is one sentence and exit code 2."""
    for step in steps:
        name, prepare = STEPS[step]
        try:
            prepare()
        except Problem as problem:
            print(f"{name}: {problem}", file=sys.stderr)
            return 2
        print(f"{name}: ready", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
