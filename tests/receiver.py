"""A receiver of alerts as a process of its own: `python receiver.py http|smtp PORT FOLDER`.

How it behaves stands in FOLDER/mode and may change while it runs. It appends every request or mail to
FOLDER/received.jsonl before it answers.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import threading
import time
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LONG = 60  # seconds


class Folder:
    """What the test and this process share."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def mode(self) -> str:
        return (self.path / "mode").read_text()

    def add(self, received: dict[str, Any]) -> None:
        with (self.path / "received.jsonl").open("a") as file:
            file.write(json.dumps(received) + "\n")


class Handler(BaseHTTPRequestHandler):
    """Answers each POST as the mode wants it."""

    protocol_version = "HTTP/1.1"
    folder: Folder

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.folder.add({"path": self.path, "headers": headers, "body": body})
        getattr(self, self.folder.mode)()

    def ok(self) -> None:
        self._answer(200, b"taken")

    def fails(self) -> None:
        self._answer(500, b"no")

    def redirects(self) -> None:
        self._answer(302, b"", location="/elsewhere")

    def hangs(self) -> None:
        time.sleep(LONG)

    def drips(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(LONG):
            self.wfile.write(b".")
            self.wfile.flush()
            time.sleep(1)

    def lies(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\ntaken, al")
        self.close_connection = True

    def resets(self) -> None:
        # SO_LINGER of 0 s: the kernel sends RST in place of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass

    def finish(self) -> None:
        with contextlib.suppress(OSError):  # it has closed the connection itself
            super().finish()


def serve_http(port: int, folder: Folder) -> None:
    """Answer until the process ends."""
    Handler.folder = folder
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def serve_smtp(port: int, folder: Folder) -> None:
    """Take each mail as the mode wants it."""
    from aiosmtpd.controller import Controller

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
            del server, session
            mail = message_from_bytes(envelope.content, policy=default)
            parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
            folder.add({"to": envelope.rcpt_tos, "headers": dict(mail.items()), "parts": parts})
            if folder.mode == "fails":
                return "451 Requested action aborted"
            if folder.mode == "hangs":
                import asyncio

                await asyncio.sleep(LONG)
            return "250 OK"

    Controller(Handler(), hostname="127.0.0.1", port=port).start()
    threading.Event().wait()


if __name__ == "__main__":
    kind, number, shared = sys.argv[1:]
    {"http": serve_http, "smtp": serve_smtp}[kind](int(number), Folder(Path(shared)))
