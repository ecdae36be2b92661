"""The rooms import one way, and each outside library lives in one room. The table is the only copy."""

from __future__ import annotations

import ast
from pathlib import Path

import studio

PACKAGE = Path(studio.__file__).parent

ROOMS: dict[str, set[str]] = {
    "catalog": set(),
    "script": set(),
    "settings": {"catalog"},
    "media": {"catalog"},
    "gateway": {"catalog"},
    "rehearsal": {"catalog", "media", "script"},
    "takes": {"catalog", "gateway", "media", "script"},
    "web": {"catalog", "media", "script", "settings", "takes"},
    "ui": {"catalog", "media", "script", "takes"},
    "keys": set(),
    "listening": set(),
    "doctor": {"keys", "media", "settings", "takes"},
    "wiring": {
        "doctor",
        "keys",
        "listening",
        "catalog",
        "gateway",
        "media",
        "rehearsal",
        "script",
        "settings",
        "takes",
        "ui",
        "web",
    },
    "cli": {"catalog", "settings", "takes", "wiring"},
    "__main__": {"cli"},
    "__init__": set(),
}

LIBRARIES: dict[str, set[str]] = {
    "gradio": {"ui"},
    "gradio_client": {"ui"},
    "fal_client": {"gateway"},
    "httpx": {"gateway", "rehearsal"},
    "sqlalchemy": {"takes"},
    "alembic": {"takes"},
    "av": {"media", "rehearsal"},
    "numpy": {"media", "rehearsal"},
    "PIL": {"media", "rehearsal"},
    "pillow_heif": {"media"},
    "moviepy": {"media", "rehearsal"},
    "fastapi": {"web", "ui", "wiring", "rehearsal"},
    "uvicorn": {"wiring", "rehearsal"},
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.lineno, node.module))
    return found


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if "assets" not in path.parts]


def test_every_room_is_in_the_table() -> None:
    assert {room_of(path) for path in modules()} == set(ROOMS)


def test_rooms_import_one_way() -> None:
    wrong = []
    for path in modules():
        room = room_of(path)
        for line, name in imports_of(path):
            parts = name.split(".")
            if parts[0] == "studio" and len(parts) > 1 and parts[1] != room and parts[1] not in ROOMS[room]:
                wrong.append(f"{path.relative_to(PACKAGE)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_one_library_one_room() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)}:{line} imports {name}"
        for path in modules()
        for line, name in imports_of(path)
        if name.split(".")[0] in LIBRARIES and room_of(path) not in LIBRARIES[name.split(".")[0]]
    ]
    assert not wrong, "\n".join(wrong)


def test_only_settings_reads_the_environment() -> None:
    wrong = []
    for path in modules():
        if room_of(path) == "settings":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_environ = isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
            if is_environ and isinstance(node.value, ast.Name) and node.value.id == "os":
                wrong.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert not wrong, "\n".join(wrong)


def test_no_module_is_named_after_nothing() -> None:
    vague = {"utils", "helpers", "common", "manager", "service", "base"}
    assert not [path for path in modules() if path.stem in vague]
