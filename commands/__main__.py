"""`python -m commands`, which is `sluss` also where the distribution is not installed, or the checkout was moved."""

from __future__ import annotations

from sluss.terminal import command_line
from sluss.watched import go_on_watched


def main() -> None:
    """Run a subcommand. Its modules are imported inside, since a person may stop the process while they are."""
    go_on_watched()
    with command_line():
        from commands.main import main as run

        run()


if __name__ == "__main__":
    main()
