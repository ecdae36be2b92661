"""The fal key in memory; never writes it, never shows it, knows nothing of what it opens."""

from __future__ import annotations


class KeyRing:
    """The fal key in this process's memory: never written, never shown but for its last four characters."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"<KeyRing {'set' if self._key else 'empty'}>"

    def key(self) -> str | None:
        return self._key or None

    def swap(self, key: str) -> str:
        """Put a key in, or an empty text for none; gives the one before."""
        before, self._key = self._key, key
        return before

    def tail(self) -> str | None:
        """The last four characters, None where there is no key; a short key shows nothing of itself."""
        if not self._key:
            return None
        return self._key[-4:] if len(self._key) >= 20 else ""
