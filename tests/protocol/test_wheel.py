"""The wheel holds all that the page needs and works from any folder, without the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT_S = 120
QUOTE = ("quote", "image-to-video", "--duration", "10", "--generate-audio", "--voice-ids", "v1", "--json")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without the network: what builds it is among the tests' requirements."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    pip("install", "--no-deps", "--no-index", "--no-compile", "--target", str(target), str(wheel))
    return target


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr


def run(installed: Path, folder: Path, *command: str) -> str:
    """A command from another folder, with the installed package alone on the path."""
    passed_on = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP") if name in os.environ}
    environment = {**passed_on, "PYTHONPATH": str(installed), "STUDIO_HOME": str(folder / "home"), "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["css", "js", "fonts", "samples"])
def test_wheel_holds_every_file_of_the_page(wheel: Path, kind: str) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    wanted = {f"studio/assets/{kind}/{name}" for name in files_below(ROOT / "assets" / kind)}
    assert wanted
    assert wanted <= names


def test_wheel_holds_the_migrations(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "studio" / "takes").rglob("migrations/**/*")
        if path.suffix == ".py"
    }
    assert any("versions/" in name for name in wanted)
    assert wanted <= names


def test_wheel_holds_nothing_but_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"studio", "kling_studio"}
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".pyi", ".sqlite3"))]


def test_wheel_has_a_command_and_its_licences(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        (entry,) = [name for name in packed.namelist() if name.endswith("entry_points.txt")]
        text = packed.read(entry).decode()
        licences = [Path(name).name for name in packed.namelist() if ".dist-info/licenses/" in name]
    assert "studio = studio.cli:main" in text
    assert {"LICENSE", "OFL-geist-mono.txt", "OFL-instrument-sans.txt"} <= set(licences)


def test_installed_wheel_quotes_from_another_folder(installed: Path, tmp_path: Path) -> None:
    assert json.loads(run(installed, tmp_path, "-m", "studio", *QUOTE))["usd_micros"] == 1_680_000


def test_installed_wheel_finds_its_own_files_and_serves_its_page(installed: Path, tmp_path: Path) -> None:
    script = (
        "import studio, pathlib\n"
        "from starlette.testclient import TestClient\n"
        "from studio.wiring import build_studio\n"
        "one = build_studio()\n"
        "assert one.assets == pathlib.Path(studio.__file__).parent / 'assets', one.assets\n"
        "with TestClient(one.app, base_url='http://127.0.0.1') as client:\n"
        "    paths = ['/', *(f'/studio/assets/{name}' for name in ('studio.css', 'studio.js', 'samples/pier.jpg'))]\n"
        "    print([client.get(path).status_code for path in paths])\n"
    )
    assert run(installed, tmp_path, "-c", script).split("\n")[-2] == "[200, 200, 200, 200]"
