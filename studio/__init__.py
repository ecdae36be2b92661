"""A studio for short clips from Kling Video 2.6 Pro on fal: rehearsed for free, made once, kept for good."""

__version__ = "0.1.0"
