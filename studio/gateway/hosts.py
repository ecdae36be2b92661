"""Which hosts may see the key, and which links may be fetched without it. Never opens a connection."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

# fal's own API hosts: https://fal.run, https://queue.fal.run, https://rest.fal.ai, https://api.fal.ai.
_KEY_HOSTS = ("fal.run",)
_KEY_SUFFIXES = (".fal.run", ".fal.ai")
# fal's file hosts (v3.fal.media, v3b.fal.media). They get a short-lived upload token, never the key.
_MEDIA_SUFFIXES = (".fal.media", ".fal.ai")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MAX_URL_CHARS = 4096
_NAMESPACES = ("workflows", "comfy")  # these keep one more path segment; fal_client's AppId does the same


class BadHost(ValueError):
    """An address the operator gave cannot be used: not https, and not loopback."""


@dataclass(frozen=True)
class Hosts:
    """Where fal lives. Base URLs without a trailing slash; https, or http on loopback for a stand-in.

    `media` lists further origins (`https://host[:port]`) that finished files may come from.
    """

    queue: str = "https://queue.fal.run"
    run: str = "https://fal.run"
    rest: str = "https://rest.fal.ai"
    cdn: str = "https://v3.fal.media"
    api: str = "https://api.fal.ai"
    media: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for base in (self.queue, self.run, self.rest, self.cdn, self.api, *self.media):
            _require_usable(base)

    @classmethod
    def named(
        cls,
        run_host: str | None = None,
        queue_host: str | None = None,
        rest_url: str | None = None,
        cdn_url: str | None = None,
        api_url: str | None = None,
    ) -> Hosts:
        """Hosts from what an operator sets: `FAL_RUN_HOST`-like names (`host` or `host:port`) and full base URLs.

        As in fal_client, the queue host is `queue.` before the run host unless it is named itself.
        """
        queue_host = queue_host or (f"queue.{run_host}" if run_host else None)
        return cls(
            run=_base(run_host) or cls.run,
            queue=_base(queue_host) or cls.queue,
            rest=_base(rest_url) or cls.rest,
            cdn=_base(cdn_url) or cls.cdn,
            api=_base(api_url) or cls.api,
        )

    @classmethod
    def all_at(cls, base: str) -> Hosts:
        """Every host at one base URL: a stand-in served on loopback."""
        base = base.rstrip("/")
        return cls(queue=base, run=base, rest=base, cdn=base, api=base)

    def may_see_key(self, url: str) -> bool:
        """True for fal's API hosts over https and for the operator's own; never for media hosts or odd URLs."""
        parts = _split(url)
        if parts is None:
            return False
        if _origin(parts) in _origins((self.queue, self.run, self.rest, self.api)):
            return True
        host = parts.hostname or ""
        return _is_plain_https(parts) and (host in _KEY_HOSTS or host.endswith(_KEY_SUFFIXES))

    def may_see_upload_token(self, url: str) -> bool:
        """True for fal's file hosts and the operator's file host."""
        parts = _split(url)
        if parts is None:
            return False
        if _origin(parts) in _origins((self.cdn, self.rest)):
            return True
        return _is_plain_https(parts) and (parts.hostname or "").endswith(_MEDIA_SUFFIXES)

    def is_fals(self, url: str) -> bool:
        """True for what is fal's own, API or files; the studio asks nobody else."""
        return self.may_see_key(url) or self.may_see_upload_token(url)

    def may_fetch(self, url: str) -> bool:
        """True for links that may be read or written without any credential: https to a named public host.

        Literal addresses that are private, loopback or otherwise not public are refused, so that an answer cannot
        point the studio at this machine or its network. Origins that the operator named are always fine.
        """
        parts = _split(url)
        if parts is None:
            return False
        if _origin(parts) in _origins((self.queue, self.run, self.rest, self.cdn, self.api, *self.media)):
            return True
        return parts.scheme == "https" and not _is_private(parts.hostname or "")

    def request_base(self, endpoint_id: str, request_id: str) -> str:
        """`{queue}/{owner}/{app}/requests/{id}`: fal drops the rest of the endpoint's path.

        Raises ValueError for an endpoint id without owner and app.
        """
        parts = [part for part in endpoint_id.split("/") if part]
        kept = 3 if parts and parts[0] in _NAMESPACES else 2
        if len(parts) < kept:
            raise ValueError(f"“{endpoint_id}” is not an endpoint id")
        path = "/".join(quote(part, safe="") for part in parts[:kept])
        return f"{self.queue}/{path}/requests/{quote(request_id, safe='')}"


def _base(text: str | None) -> str | None:
    if not text or not text.strip():
        return None
    text = text.strip().rstrip("/")
    return text if "://" in text else f"https://{text}"


def _require_usable(base: str) -> None:
    parts = _split(base)
    if parts is None:
        raise BadHost(f"“{base[:80]}” is not an address the studio can use.")
    if parts.scheme != "https" and (parts.hostname or "") not in _LOOPBACK:
        raise BadHost(f"“{base[:80]}” is not https. The key is sent over https only; http is for loopback.")


def _split(url: object) -> SplitResult | None:
    """The parts of an http(s) URL with a host and no credentials in it; None for anything else."""
    if not isinstance(url, str) or not 0 < len(url) <= _MAX_URL_CHARS or not url.isprintable() or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    return parts


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


def _origins(bases: Iterable[str]) -> set[tuple[str, str, int]]:
    return {_origin(parts) for base in bases if (parts := _split(base)) is not None}


def _is_plain_https(parts: SplitResult) -> bool:
    return parts.scheme == "https" and parts.port in (None, 443)


def _is_private(host: str) -> bool:
    host = host.lower().rstrip(".")
    if host in _LOOPBACK or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # `0x7f.1` and `2130706433` are addresses to some resolvers; a real host's last label is not a number.
        return "." not in host or host.rsplit(".", 1)[1].startswith(tuple("0123456789"))
    return not address.is_global
