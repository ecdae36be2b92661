"""Where the key may go, and where a link may lead."""

from __future__ import annotations

import pytest

from studio.gateway.hosts import BadHost, Hosts

HOSTS = Hosts()


@pytest.mark.parametrize(
    "url", ["https://fal.run/x", "https://queue.fal.run/x", "https://rest.fal.ai/x", "https://api.fal.ai:443/v1"]
)
def test_fals_api_hosts_may_see_the_key(url: str) -> None:
    assert HOSTS.may_see_key(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://queue.fal.run/x", "https://v3.fal.media/x", "https://fal.run.evil.com/", "https://notfal.run/",
        "https://fal.ai.evil.com", "https://user:pw@queue.fal.run/", "https://queue.fal.run:444/", "https://falrun.com/",
        "https://queue.falrun.com/", "ftp://fal.run/", "//queue.fal.run/", "", "https://queue.fal.run\\@evil.com/",
        "https://queue.fal.run\n.evil.com/", "https://[::1", "https://queue.fal.run:99999999/", "x" * 5000,
    ],
)  # fmt: skip
def test_nothing_else_may(url: str) -> None:
    assert not HOSTS.may_see_key(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://v3.fal.media/a.mp4", "https://127.0.0.1/a", "https://10.0.0.1/a", "https://169.254.169.254/latest",
        "https://[::1]/a", "https://[fd00::1]/a", "https://localhost/a", "https://printer.local/a", "https://intranet/a",
        "https://2130706433/a", "https://0x7f.1/a", "https://127.1/a", "file:///etc/passwd", "data:video/mp4;base64,AA",
        "https://a:b@v3.fal.media/", "https://[::ffff:127.0.0.1]/a",
    ],
)  # fmt: skip
def test_links_to_private_places_are_not_fetched(url: str) -> None:
    assert not HOSTS.may_fetch(url)


@pytest.mark.parametrize("url", ["https://v3b.fal.media/files/a.mp4", "https://storage.googleapis.com/x?sig=1"])
def test_public_https_links_are(url: str) -> None:
    assert HOSTS.may_fetch(url)


def test_the_operators_loopback_is_trusted_on_its_port_only() -> None:
    hosts = Hosts.all_at("http://127.0.0.1:8123/")
    assert hosts.may_see_key("http://127.0.0.1:8123/fal-ai/x")
    assert hosts.may_fetch("http://127.0.0.1:8123/files/a.mp4")
    assert not hosts.may_see_key("http://127.0.0.1:8124/fal-ai/x")


@pytest.mark.parametrize(
    "base", ["http://example.com", "http://10.0.0.1", "gopher://localhost", "https://", "https://a:b@c.d"]
)
def test_a_key_over_plain_http_is_only_for_loopback(base: str) -> None:
    with pytest.raises(BadHost):
        Hosts(queue=base)


def test_names_become_hosts_as_fal_client_reads_them() -> None:
    hosts = Hosts.named(run_host="localhost:8443", rest_url="https://rest.example:9/", cdn_url="cdn.example")
    assert (hosts.run, hosts.queue) == ("https://localhost:8443", "https://queue.localhost:8443")
    assert (hosts.rest, hosts.cdn, hosts.api) == ("https://rest.example:9", "https://cdn.example", "https://api.fal.ai")
    assert Hosts.named(run_host="a.b", queue_host="q.b").queue == "https://q.b"
    assert Hosts.named() == Hosts()


def test_request_paths_keep_owner_and_app_only() -> None:
    base = HOSTS.request_base("fal-ai/kling-video/v2.6/pro/image-to-video", "r/1")
    assert base == "https://queue.fal.run/fal-ai/kling-video/requests/r%2F1"
    assert HOSTS.request_base("workflows/me/mine/x", "r").endswith("/workflows/me/mine/requests/r")
    with pytest.raises(ValueError, match="endpoint id"):
        HOSTS.request_base("kling", "r")
