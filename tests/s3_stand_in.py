"""A server that shows the files of a folder as S3 does: listing, sizes, and ranges of their bytes. It checks no key."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the folder, whose subfolders are the buckets, and give the address."""
    handler = type("Handler", (_Handler,), {"folder": folder})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    folder: Path
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        """Size of an object."""
        self._answer()

    def do_GET(self) -> None:
        """Bytes of an object, or the objects of a bucket."""
        self._answer()

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        file = self.folder / bucket / key
        if not (self.folder / bucket).is_dir():
            missing = "<?xml version='1.0'?><Error><Code>NoSuchBucket</Code><Message>missing</Message></Error>"
            self._send(404, missing.encode(), {"Content-Type": "application/xml"})
        elif not key and "list-type" in query:
            self._send(200, self._listing(bucket, query).encode(), {"Content-Type": "application/xml"})
        elif key and file.is_file():
            self._send_file(file)
        else:
            missing = "<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>missing</Message></Error>"
            self._send(404, missing.encode(), {"Content-Type": "application/xml"})

    def _send_file(self, file: Path) -> None:
        content, headers = file.read_bytes(), {"Last-Modified": formatdate(file.stat().st_mtime, usegmt=True)}
        headers |= {"ETag": '"1"', "Accept-Ranges": "bytes"}
        if wanted := self.headers.get("Range"):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            end = min(int(last) + 1 if last else len(content), len(content))
            start = int(first) if first else len(content) - int(last)
            part = content[start : end if first else len(content)]
            headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(content)}"
            self._send(206, part, headers)
        else:
            self._send(200, content, headers)

    def _listing(self, bucket: str, query: dict[str, str]) -> str:
        root, prefix, delimiter = self.folder / bucket, query.get("prefix", ""), query.get("delimiter", "")
        keys = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        found, folders = [], set()
        for key in (key for key in keys if key.startswith(prefix)):
            rest = key[len(prefix) :]
            if delimiter and delimiter in rest:
                folders.add(prefix + rest.split(delimiter)[0] + delimiter)
            else:
                size, at = (root / key).stat().st_size, "2026-01-01T00:00:00.000Z"
                found.append(
                    f"<Contents><Key>{escape(key)}</Key><LastModified>{at}</LastModified><ETag>1</ETag>"
                    f"<Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
                )
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in sorted(folders)
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>false</IsTruncated>'
            f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(found) + len(folders)}</KeyCount>"
            f"<MaxKeys>1000</MaxKeys>{''.join(found)}{common}</ListBucketResult>"
        )

    def _send(self, code: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
