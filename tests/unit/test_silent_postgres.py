"""A Postgres that takes connections and says nothing, as a paused container does, is given up within seconds."""

from __future__ import annotations

import socket
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from sluss.errors import ServiceError
from sluss.storage.connections import connect_postgres, that_gives_up


def test_a_paused_server_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        started = time.monotonic()
        with pytest.raises(ServiceError, match="cannot be reached"):
            connect_postgres(f"postgresql://someone:secret@127.0.0.1:{port}/warehouse?connect_timeout=2")
    assert time.monotonic() - started < 30


def test_an_address_gets_the_limits_that_it_does_not_set():
    url = that_gives_up("postgresql://a%40b:c%2Fd@host:5432/base?sslmode=require&connect_timeout=3&options=-c%20x%3D1")
    parts = urlsplit(url)
    assert parts.netloc == "a%40b:c%2Fd@host:5432"
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert (given["sslmode"], given["connect_timeout"], given["options"]) == ("require", "3", "-c x=1")
    assert (given["keepalives_idle"], given["tcp_user_timeout"]) == ("20", "60000")
    assert "options=-c%20x%3D1" in url  # libpq does not read a plus sign as a space
