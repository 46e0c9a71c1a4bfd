"""Serves the control room until SIGTERM or Ctrl-C."""

from __future__ import annotations

import os

import uvicorn

from sluss.config.settings import step_settings
from sluss.control_room.web.app import create_app


def main() -> None:
    """Serve on CONTROL_ROOM_HOST (by default the loopback address) and CONTROL_ROOM_PORT (by default 8000)."""
    host, port = os.environ.get("CONTROL_ROOM_HOST", "127.0.0.1"), int(os.environ.get("CONTROL_ROOM_PORT", "8000"))
    uvicorn.run(create_app(step_settings()), host=host, port=port, log_level="warning", server_header=False)


if __name__ == "__main__":
    main()
