"""The ports that pages are served on, checked before a server starts."""

from __future__ import annotations

import errno
import os
import socket

from sluss.errors import ConfigError

_LARGEST = 65_535


def free_port(variable: str, default: int, host: str = "127.0.0.1") -> int:
    """The port that an environment variable names, checked to be free.

    Raises:
        ConfigError: it is not a port, it is in use, or the host is not an address of this machine.
    """
    text = os.environ.get(variable) or str(default)
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= _LARGEST):
        raise ConfigError(f"{variable}={text} is not a port; give a number from 1 to {_LARGEST}, such as {default}.")
    port = int(text)
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return port
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"Port {port} is in use. Stop the program that listens there, or choose another port: {variable}=…"
            ) from None
        raise ConfigError(
            f"The control room cannot listen on {host}, port {port}: {error.strerror}. "
            f"Choose another address or port ({variable})."
        ) from None
