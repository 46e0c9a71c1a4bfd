"""`python -m commands`, which is `sluss` where the distribution is not installed."""

from __future__ import annotations

from commands.main import main

if __name__ == "__main__":
    main()
