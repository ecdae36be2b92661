"""Settings come from one reader, say what is wrong in words, and never show a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.settings import SettingsError, describe_settings, find_assets, read_settings

SECRET = "abcd1234:verysecretpart"


def test_defaults_listen_on_this_machine_only() -> None:
    settings = read_settings({})
    assert settings.host == "127.0.0.1"
    assert settings.is_local
    assert not settings.has_key


def test_environment_sets_every_kind_of_value(tmp_path: Path) -> None:
    settings = read_settings(
        {"STUDIO_HOME": str(tmp_path), "STUDIO_PORT": "8123", "STUDIO_BUDGET_DAY": "$12.50", "FAL_KEY": SECRET}
    )
    assert (settings.home, settings.port, settings.budget_day_usd_micros) == (tmp_path, 8123, 12_500_000)
    assert settings.has_key


def test_key_in_two_parts_is_read_as_fal_reads_it() -> None:
    assert read_settings({"FAL_KEY_ID": "a", "FAL_KEY_SECRET": "b"}).fal_key == "a:b"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("STUDIO_PORT", "eighty"), ("STUDIO_PORT", "70000"), ("STUDIO_BUDGET_DAY", "ten"), ("STUDIO_ACCESS", "me")],
)
def test_wrong_value_names_the_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        read_settings({variable: value})


def test_listening_to_the_network_needs_a_password() -> None:
    with pytest.raises(SettingsError, match="STUDIO_ACCESS"):
        read_settings({"STUDIO_HOST": "0.0.0.0"})
    assert not read_settings({"STUDIO_HOST": "0.0.0.0", "STUDIO_ACCESS": "me:secret"}).is_local


def test_secret_is_in_no_repr_and_no_table() -> None:
    settings = read_settings({"FAL_KEY": SECRET, "STUDIO_ACCESS": "me:hidden"})
    shown = repr(settings) + str(describe_settings(settings))
    assert SECRET not in shown
    assert "hidden" not in shown
    assert ("FAL_KEY", "set") in {row[:2] for row in describe_settings(settings)}


def test_assets_are_found_in_a_checkout() -> None:
    assert (find_assets() / "css" / "tokens.css").is_file()


def test_a_password_in_the_databases_address_is_shown_nowhere() -> None:
    settings = read_settings({"STUDIO_DATABASE_URL": "postgresql://me:hunter2@db/studio"})
    assert "hunter2" not in repr(settings) + str(describe_settings(settings))
