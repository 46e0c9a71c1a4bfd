"""The stack of containers. Standard library only: `make up` runs it before there is an environment."""

from __future__ import annotations

import sys

# Before any other module, whose syntax an older Python does not know.
if sys.version_info < (3, 11):  # noqa: UP036 - the interpreter is that of the machine
    print("Sluss needs Python 3.11, 3.12 or 3.13: install one so that 'python3' starts it.", file=sys.stderr)
    sys.exit(2)
