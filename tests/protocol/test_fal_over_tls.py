"""The double of fal over TLS itself: strict where fal is, and closed to everything that is not fal."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx
import pytest
import trustme

from tests.protocol.fal_over_tls import FalOverTls, make_clip
from tests.protocol.live_rig import KEY

PREFIX = "fal-ai/kling-video"


@pytest.fixture
def client(fal: FalOverTls, authority: trustme.CA) -> Iterator[httpx.Client]:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with httpx.Client(proxy=fal.proxy_url, verify=context, trust_env=False) as client:
        yield client


def test_the_double_lets_nothing_through_but_fal(fal: FalOverTls, client: httpx.Client) -> None:
    for url in ("https://example.com/", "https://queue.fal.run:444/", "https://evil.fal.run/"):
        with pytest.raises(httpx.ProxyError):
            client.get(url)
    assert client.get("http://fal.run/").status_code == 403
    assert len(fal.strangers) == 4
    assert fal.seen == []


def test_the_double_asks_for_the_key_and_knows_app_paths_only(fal: FalOverTls, client: httpx.Client) -> None:
    url = f"https://queue.fal.run/{PREFIX}/v2.6/pro/text-to-video"
    assert client.post(url, json={}).status_code == 401
    client.headers["Authorization"] = f"Key {KEY}"
    links = client.post(url, json={"duration": "5"}).json()
    fal.looks_before_end = 1
    looks = [client.get(links["status_url"]) for _ in range(2)]
    assert [(look.status_code, look.json()["status"]) for look in looks] == [(202, "IN_PROGRESS"), (200, "COMPLETED")]
    assert client.get(f"{url}/requests/{links['request_id']}/status").status_code == 404
    clip = client.get(client.get(links["response_url"]).json()["video"]["url"], headers={"Authorization": ""})
    assert clip.content == make_clip(5.0)


def test_the_double_drops_a_submit_that_it_has_accepted(fal: FalOverTls, client: httpx.Client) -> None:
    fal.answers_to_lose = 1
    client.headers["Authorization"] = f"Key {KEY}"
    with pytest.raises(httpx.RemoteProtocolError):
        client.post(f"https://queue.fal.run/{PREFIX}/v2.6/pro/text-to-video", json={})
    assert (len(fal.submits), len(fal.jobs)) == (1, 1)
