"""A socket for the page to be served on; binds and nothing else."""

from __future__ import annotations

import socket

PORTS_TRIED = 20


def listen(host: str, port: int) -> socket.socket:
    """A bound socket on the first free port from `port` on. ValueError where there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + PORTS_TRIED) if port else [0]:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(128)
        except OSError:
            listener.close()
            continue
        return listener
    raise ValueError(f"No free port from {port} to {port + PORTS_TRIED - 1} on {host}. Set STUDIO_PORT to another.")
