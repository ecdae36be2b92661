"""The gateway over real TLS and real sockets on loopback: what a server counts is what was sent."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from studio.gateway.errors import LostAnswer, NotSent, Trouble
from studio.gateway.fal import Gateway
from studio.gateway.hosts import Hosts

I2V = "fal-ai/kling-video/v2.6/pro/image-to-video"
KEY = "tls-key-id:tls-key-secret"
CLIP = bytes(range(256)) * 2000

Play = Callable[["Server", str, bytes, asyncio.StreamWriter], bool]


@dataclass
class Server:
    """Plays `play` for each request; True from it means the connection may stay open. Counts what arrived whole."""

    play: Play
    port: int = 0
    seen: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.seen.append(lines[0].rsplit(" ", 1)[0])
        self.keys.append(headers.get("authorization", ""))
        stays = self.play(self, head, body, writer)
        await writer.drain()
        return stays


def answer(
    writer: asyncio.StreamWriter, status: int, body: bytes, kind: str = "application/json", extra: str = ""
) -> None:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    writer.write(head.encode() + body)


def accept(server: Server, head: str, body: bytes, writer: asyncio.StreamWriter) -> bool:
    """fal as it should be, but it closes the connection of a submit without a word, as proxies do with idle ones."""
    base = f"https://localhost:{server.port}/fal-ai/kling-video/requests/r1"
    if head.startswith("POST"):
        links = {"response_url": base, "status_url": f"{base}/status", "cancel_url": f"{base}/cancel"}
        answer(writer, 200, json.dumps({"request_id": "r1", "queue_position": 0, **links}).encode())
    elif "/status" in head.split()[1]:
        answer(writer, 200, json.dumps({"status": "COMPLETED", "logs": None}).encode())
    else:
        video = {"url": f"https://localhost:{server.port}/files/out.mp4"}
        answer(writer, 200, json.dumps({"video": video}).encode(), extra="x-fal-billable-units: 5.0\r\n")
    return not head.startswith("POST")


def drop(server: Server, head: str, body: bytes, writer: asyncio.StreamWriter) -> bool:
    return False


def half(server: Server, head: str, body: bytes, writer: asyncio.StreamWriter) -> bool:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"request_id": "r')
    return False


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def serve(authority: trustme.CA) -> AsyncIterator[Callable[[Play], asyncio.Future[Server]]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    running: list[asyncio.Server] = []

    async def start(play: Play) -> Server:
        server = Server(play)
        listening = await asyncio.start_server(server.serve, "localhost", 0, ssl=context)
        server.port = listening.sockets[0].getsockname()[1]
        running.append(listening)
        return server

    yield start  # type: ignore[misc]
    for listening in running:
        listening.close()
        await listening.wait_closed()


@pytest.fixture
def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def at(server: Server, trust: ssl.SSLContext | None = None) -> Gateway:
    return Gateway(KEY, hosts=Hosts.all_at(f"https://localhost:{server.port}"), verify=trust)


async def test_a_take_goes_through_over_tls(serve: Callable[..., object], trust: ssl.SSLContext) -> None:
    server: Server = await serve(accept)  # type: ignore[misc]
    world = at(server, trust)
    ticket = await world.submit(I2V, {"prompt": "x", "duration": "5"})
    assert [progress.state async for progress in world.watch(ticket)] == ["done"]
    assert (await world.result(ticket)).billable_units == 5.0
    await world.aclose()
    assert server.seen == [
        f"POST /{I2V}",
        "GET /fal-ai/kling-video/requests/r1/status?logs=true",
        "GET /fal-ai/kling-video/requests/r1",
    ]
    assert set(server.keys) == {f"Key {KEY}"}


async def test_each_submit_has_a_connection_of_its_own(serve: Callable[..., object], trust: ssl.SSLContext) -> None:
    server: Server = await serve(accept)  # type: ignore[misc]
    world = at(server, trust)
    for _ in range(3):
        await world.submit(I2V, {"prompt": "x"})
    await world.aclose()
    assert server.connections == 3
    assert len(server.seen) == 3


@pytest.mark.parametrize("play", [drop, half])
async def test_a_lost_answer_over_tls_is_one_post(
    serve: Callable[..., object], trust: ssl.SSLContext, play: Play
) -> None:
    server: Server = await serve(play)  # type: ignore[misc]
    world = at(server, trust)
    with pytest.raises(LostAnswer) as caught:
        await world.submit(I2V, {"prompt": "x"})
    await asyncio.sleep(0.1)
    await world.aclose()
    assert server.seen == [f"POST /{I2V}"]
    assert caught.value.code == "lost_reset"


async def test_an_unknown_authority_is_not_sent(serve: Callable[..., object]) -> None:
    server: Server = await serve(accept)  # type: ignore[misc]
    world = at(server, ssl.create_default_context())
    with pytest.raises(NotSent) as caught:
        await world.submit(I2V, {"prompt": "x"})
    await world.aclose()
    assert caught.value.code == "tls"
    assert server.seen == []


async def test_a_closed_port_is_not_sent(serve: Callable[..., object], trust: ssl.SSLContext) -> None:
    server: Server = await serve(accept)  # type: ignore[misc]
    world = Gateway(KEY, hosts=Hosts.all_at("https://localhost:9"), verify=trust)
    with pytest.raises(NotSent) as caught:
        await world.submit(I2V, {"prompt": "x"})
    await world.aclose()
    assert caught.value.code == "refused"
    assert server.seen == []


async def test_an_unknown_name_is_not_sent() -> None:
    world = Gateway(KEY, hosts=Hosts(queue="https://no-such-host.invalid"))
    with pytest.raises(NotSent) as caught:
        await world.submit(I2V, {"prompt": "x"})
    await world.aclose()
    assert caught.value.code == "dns"


async def test_a_download_cut_by_the_socket_goes_on(
    serve: Callable[..., object], trust: ssl.SSLContext, tmp_path: Path
) -> None:
    cuts = iter([True, False])

    def files(server: Server, head: str, body: bytes, writer: asyncio.StreamWriter) -> bool:
        wanted = [line for line in head.lower().split("\r\n") if line.startswith("range: bytes=")]
        start = int(wanted[0].removeprefix("range: bytes=").rstrip("-")) if wanted else 0
        data, status = CLIP[start:], 206 if wanted else 200
        extra = (
            f'ETag: "v1"\r\nContent-Range: bytes {start}-{len(CLIP) - 1}/{len(CLIP)}\r\n'
            if wanted
            else 'ETag: "v1"\r\n'
        )
        if next(cuts):
            length = f"Content-Length: {len(data)}\r\n"
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Type: video/mp4\r\n{length}{extra}\r\n".encode() + data[:300_000]
            )
        else:
            answer(writer, status, data, "video/mp4", extra)
        return False

    server: Server = await serve(files)  # type: ignore[misc]
    world = at(server, trust)
    await world.download(f"https://localhost:{server.port}/files/out.mp4", tmp_path / "a.mp4")
    await world.aclose()
    assert (tmp_path / "a.mp4").read_bytes() == CLIP
    assert server.keys == ["", ""]


async def test_a_server_that_never_answers_is_trouble(serve: Callable[..., object], trust: ssl.SSLContext) -> None:
    server: Server = await serve(drop)  # type: ignore[misc]
    world = at(server, trust)
    with pytest.raises(Trouble) as caught:
        await world.prices([I2V])
    await world.aclose()
    assert caught.value.code == "reset"


_CHILD = """
import asyncio, sys
from studio.gateway.fal import Gateway
from studio.gateway.hosts import Hosts

async def main():
    world = Gateway("k-id:k-secret", hosts=Hosts.all_at(sys.argv[1]))
    ticket = await world.submit("fal-ai/kling-video/v2.6/pro/text-to-video", {"prompt": "x"})
    print(ticket.request_id)
    await world.aclose()

asyncio.run(main())
"""


async def test_ssl_cert_file_is_honoured(serve: Callable[..., object], authority: trustme.CA, tmp_path: Path) -> None:
    server: Server = await serve(accept)  # type: ignore[misc]
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    child = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", _CHILD, f"https://localhost:{server.port}"],
        env={**os.environ, "SSL_CERT_FILE": str(bundle), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (child.stdout.strip(), child.returncode) == ("r1", 0), child.stderr
    assert len(server.seen) == 1
