"""The gateway's three wires: for paid submits, for questions, for files. Opens each when it is first needed."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cached_property

import httpx

from studio.gateway.hosts import Hosts
from studio.gateway.wire import KeySource, Patience, Wire

_SUBMIT = Patience(read_s=60.0, write_s=30.0, total_s=90.0)
_ASK = Patience()
_CARRY = Patience(read_s=60.0, write_s=60.0, total_s=None)


@dataclass(frozen=True)
class Patiences:
    """Timeouts by kind of exchange. A submit is waited for longer: giving up on it costs certainty."""

    submit: Patience = _SUBMIT
    ask: Patience = _ASK
    carry: Patience = _CARRY


class Wires:
    """One TLS context and one key for all; each wire has its own pool and patience."""

    def __init__(
        self,
        key: KeySource,
        hosts: Hosts,
        transport: httpx.AsyncBaseTransport | None,
        verify: ssl.SSLContext | None,
        patiences: Patiences,
    ) -> None:
        self._key = key
        self._hosts = hosts
        self._transport = transport
        self._verify = verify
        self._patiences = patiences
        self._opened: list[Wire] = []

    def __repr__(self) -> str:
        return "<Wires>"

    @cached_property
    def submit(self) -> Wire:
        return self._open(self._patiences.submit, is_reusing=False)

    @cached_property
    def ask(self) -> Wire:
        return self._open(self._patiences.ask)

    @cached_property
    def carry(self) -> Wire:
        return self._open(self._patiences.carry)

    async def aclose(self) -> None:
        for wire in self._opened:
            await wire.aclose()

    @cached_property
    def _trust(self) -> ssl.SSLContext | bool:
        """The context that httpx itself would make, made once: SSL_CERT_FILE is honoured."""
        if self._transport is not None:
            return True
        return self._verify or httpx.create_ssl_context()

    def _open(self, patience: Patience, is_reusing: bool = True) -> Wire:
        wire = Wire(self._key, self._hosts, patience, self._transport, self._trust, is_reusing)
        self._opened.append(wire)
        return wire
