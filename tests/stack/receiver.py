"""A receiver of alerts in a container, with the standard library alone: HTTP on 8000, SMTP on 2525.

It prints one line of JSON for each message that it has taken.
"""

from __future__ import annotations

import json
import socketserver
import threading
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def took(**received: object) -> None:
    """Print a message."""
    print(json.dumps(received), flush=True)


class Webhook(BaseHTTPRequestHandler):
    """Takes every POST."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        took(kind="http", headers={name.lower(): value for name, value in self.headers.items()}, body=body)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Mail(socketserver.StreamRequestHandler):
    """Takes every mail: the few commands of SMTP that a client sends (RFC 5321, 4.5.1)."""

    def handle(self) -> None:
        self._say("220 receiver")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self._say("354 go on")
                self._take()
            elif word == b"QUIT":
                self._say("221 bye")
                return
            self._say("250 OK")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        mail = message_from_bytes(b"".join(lines), policy=default)
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        took(kind="mail", headers=dict(mail.items()), parts=parts)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


if __name__ == "__main__":
    threading.Thread(target=socketserver.ThreadingTCPServer(("", 2525), Mail).serve_forever).start()
    ThreadingHTTPServer(("", 8000), Webhook).serve_forever()
