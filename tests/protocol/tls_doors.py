"""Two doors on loopback for a double: HTTPS for many names, and the CONNECT proxy that leads there and nowhere else.

They know nothing of fal. What stands behind the doors answers; what is refused at the proxy is noted.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

IDLE_S = 60

Answer = tuple[int, "dict[str, Any] | bytes", dict[str, str]]


class HangUp(Exception):
    """Close the connection without a word."""


@dataclass(frozen=True)
class Seen:
    """One request as it arrived, whole."""

    method: str
    host: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def holds(self, secret: str) -> bool:
        """Whether `secret` is anywhere in it."""
        head = " ".join([self.target, *self.headers, *self.headers.values()])
        return secret in head or secret.encode() in self.body


class Behind(Protocol):
    """What stands behind the doors. `address` is where the HTTPS door listens; the lists are for a test to look at."""

    hosts: frozenset[str]
    strangers: list[str]
    broken: list[BaseException]
    heard_by_proxy: list[str]

    @property
    def address(self) -> tuple[str, int]: ...

    def answer(self, seen: Seen) -> Answer: ...

    def between_halves(self, seen: Seen) -> None: ...


class Listener(ThreadingHTTPServer):
    """A server on loopback, at a port that the system chooses, each connection in a thread."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler], behind: Behind) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.behind = behind
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no fault of ours; anything else is, and a test shall see it."""
        fault = sys.exc_info()[1]
        if fault is not None and not isinstance(fault, OSError):
            self.behind.broken.append(fault)


class HostsDoor(BaseHTTPRequestHandler):
    """Reads a request whole, asks the double, writes its answer."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    server: Listener

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, headers.get("host", ""), self.path, headers, self._read_body(headers))
        try:
            status, body, extra = self.server.behind.answer(seen)
        except HangUp:
            self.close_connection = True
            return
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **extra}.items():
            self.send_header(name, value)
        self.end_headers()
        half = len(data) // 2
        self.wfile.write(data[:half])
        self.server.behind.between_halves(seen)
        self.wfile.write(data[half:])

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(headers.get("content-length", "0")))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


class TunnelDoor(BaseHTTPRequestHandler):
    """The proxy: lets connections to fal's hosts through to the double, refuses and notes all others."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    server: Listener

    def do_CONNECT(self) -> None:
        self.close_connection = True
        host, _, port = self.path.rpartition(":")
        if host not in self.server.behind.hosts or port != "443":
            self._refuse()
            return
        self.server.behind.heard_by_proxy += [f"{name}: {value}" for name, value in self.headers.items()]
        with contextlib.suppress(OSError), socket.create_connection(self.server.behind.address) as inside:
            self.send_response(200, "Connection established")
            self.end_headers()
            _splice(self.connection, inside)

    def _refuse(self) -> None:
        self.close_connection = True
        self.server.behind.strangers.append(f"{self.command} {self.path}")
        self.send_error(403)

    do_GET = do_POST = do_PUT = do_HEAD = _refuse

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


def _splice(left: socket.socket, right: socket.socket) -> None:
    """Carry bytes both ways until either side ends."""
    other = {left: right, right: left}
    while ready := select.select([left, right], [], [], IDLE_S)[0]:
        for source in ready:
            data = source.recv(65536)
            if not data:
                return
            other[source].sendall(data)
