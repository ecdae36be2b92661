"""The one error of the media room; it never carries a path, a traceback or a library's own words to a person."""

from __future__ import annotations


class MediaError(Exception):
    """A file that cannot be used, or a job that did not end well.

    `code` is stable and for programs. `message` is for a person: what happened, the limit, what was given and what
    to do. `field` names the parameter where the caller knows it. `detail` is for the log only.
    """

    def __init__(self, code: str, message: str, field: str | None = None, detail: str = "") -> None:
        super().__init__(code, message, field, detail)
        self.code = code
        self.message = message
        self.field = field
        self.detail = detail

    def __str__(self) -> str:
        return self.message
