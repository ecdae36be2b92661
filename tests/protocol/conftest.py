"""What the tests of the live studio start from: the double of fal, and a studio that reaches nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.protocol.fal_over_tls import FalOverTls
from tests.protocol.live_rig import KEY, PASSED_ON, ROOT, Studio, take_photo


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def fal(authority: trustme.CA) -> Iterator[FalOverTls]:
    with FalOverTls(KEY, authority) as double:
        yield double


@pytest.fixture
def studio(fal: FalOverTls, authority: trustme.CA, tmp_path: Path) -> Iterator[Studio]:
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "SSL_CERT_FILE": str(tmp_path / "authority.pem"),
        "HTTPS_PROXY": fal.proxy_url,
        "HTTP_PROXY": fal.proxy_url,
        "FAL_KEY": KEY,
        "STUDIO_HOME": str(tmp_path / "home"),
    }
    studio = Studio(tmp_path, environment)
    take_photo(tmp_path / "photo.jpg")
    yield studio
    studio.end()
