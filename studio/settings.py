"""The only reader of the environment: a frozen Settings. Never opens a file, a socket or the database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import platformdirs

from studio.catalog.pricing import format_usd, parse_usd


class SettingsError(ValueError):
    """A variable holds something unusable; the message names it, says what was given and what to write."""


def _own(variable: str, help: str, default: Any, *, is_secret: bool = False) -> Any:
    metadata = {"variable": variable, "help": help, "is_secret": is_secret}
    if callable(default):
        return field(default_factory=default, metadata=metadata, repr=not is_secret)
    return field(default=default, metadata=metadata, repr=not is_secret)


@dataclass(frozen=True)
class Settings:
    """Everything that may be set from outside, one field a variable. Amounts in micro-dollars."""

    home: Path = _own(
        "STUDIO_HOME", "Folder for takes, pictures and the ledger", lambda: Path(platformdirs.user_data_dir("studio"))
    )
    host: str = _own("STUDIO_HOST", "Address to listen on", "127.0.0.1")
    port: int = _own("STUDIO_PORT", "Port to listen on; the next free one is taken where it is in use", 7860)
    fal_key: str = _own("FAL_KEY", "fal.ai key; without one the studio rehearses", "", is_secret=True)
    database_url: str = _own(
        "STUDIO_DATABASE_URL", "Another database than the one in the home folder", "", is_secret=True
    )
    budget_day_usd_micros: int = _own("STUDIO_BUDGET_DAY", "Limit a day, in dollars", parse_usd("10"))
    budget_session_usd_micros: int = _own(
        "STUDIO_BUDGET_SESSION", "Limit from start to stop, in dollars", parse_usd("25")
    )
    budget_take_usd_micros: int = _own("STUDIO_BUDGET_TAKE", "Limit for one take, in dollars", parse_usd("5"))
    at_once: int = _own("STUDIO_AT_ONCE", "Takes that may run at fal at once (new accounts: 2)", 2)
    access: str = _own(
        "STUDIO_ACCESS", "name:password asked for by the page; needed to listen beyond this machine", "", is_secret=True
    )
    run_host: str = _own("FAL_RUN_HOST", "fal's host for runs", "fal.run")
    queue_host: str = _own("FAL_QUEUE_RUN_HOST", "fal's host for the queue; queue. plus the above where empty", "")
    session_id: str = _own("STUDIO_SESSION", "Name of this sitting, for the session limit", "")

    @property
    def has_key(self) -> bool:
        return bool(self.fal_key)

    @property
    def is_local(self) -> bool:
        """True where only this machine can reach the page."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from the environment, with `overrides` (CLI flags) on top. Raises SettingsError."""
    environ = os.environ if environ is None else environ
    given: dict[str, Any] = {}
    for item in fields(Settings):
        text = environ.get(item.metadata["variable"], "").strip()
        if text:
            given[item.name] = _parse(item.metadata["variable"], str(item.type), item.name, text)
    if "fal_key" not in given and environ.get("FAL_KEY_ID") and environ.get("FAL_KEY_SECRET"):
        given["fal_key"] = f"{environ['FAL_KEY_ID']}:{environ['FAL_KEY_SECRET']}"
    given |= {name: value for name, value in overrides.items() if value is not None}
    if not 0 <= given.get("port", 0) <= 65535:
        raise SettingsError(f"Port {given['port']} does not exist. It must be from 0 to 65535.")
    settings = Settings(**given)
    if not settings.is_local and not settings.access:
        raise SettingsError(
            f"STUDIO_HOST is {settings.host}, so other machines could spend your money. "
            "Set STUDIO_ACCESS=name:password too, or listen on 127.0.0.1."
        )
    return settings


def _parse(variable: str, kind: str, name: str, text: str) -> Any:
    if kind == "Path":
        try:
            return Path(text).expanduser().absolute()
        except RuntimeError:
            raise SettingsError(
                f"{variable} is “{text}”, and there is no such person here. Write a whole path."
            ) from None
    if name.endswith("_usd_micros"):
        try:
            return parse_usd(text)
        except ValueError as error:
            raise SettingsError(f"{variable}: {error}") from None
    if kind == "int":
        if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65535:
            raise SettingsError(f"{variable} is “{text}”. It must be a whole number from 0 to 65535.")
        if name == "at_once" and int(text) < 1:
            raise SettingsError(f"{variable} is “{text}”, so no take would ever be sent. It must be 1 or more.")
        return int(text)
    if name == "access" and not all(text.partition(":")[::2]):
        raise SettingsError("STUDIO_ACCESS must be name:password.")
    return text


def describe_settings(settings: Settings) -> list[tuple[str, str, str]]:
    """Variable, value for showing (secrets only as set or not set), and help: the table that `doctor` prints."""
    rows = []
    for item in fields(Settings):
        value = getattr(settings, item.name)
        if item.metadata["is_secret"]:
            shown = "set" if value else "not set"
        elif item.name.endswith("_usd_micros"):
            shown = format_usd(value)
        else:
            shown = str(value) or "not set"
        rows.append((item.metadata["variable"], shown, item.metadata["help"]))
    return rows


def keep_gradio_at_home(home: Path) -> None:
    """Tell Gradio, which listens to the environment alone, to report nothing and to keep uploads in the home folder.

    Before Gradio is imported. Its own default is a folder that all Gradio programs of a machine share.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["GRADIO_TEMP_DIR"] = str(home.absolute() / "scratch" / "gradio")


def find_assets() -> Path:
    """The folder of page files: inside an installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "assets"
    return inside if inside.is_dir() else package.parent / "assets"
