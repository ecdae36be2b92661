"""The islands of the page by name; each says what its value holds, and none decides anything."""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio.catalog.endpoint import Endpoint
from studio.ui.components.island import build_island


def build_header() -> gr.HTML:
    """Mark, mode pill, Write/Watch switch, theme and help; laid over the row of section tabs. Value: {}."""
    return build_island("header", elem_id="header")


def build_wells(endpoint: Endpoint) -> gr.HTML:
    """Where pictures and clips are dropped. Value: {"files": {parameter name: {"ref", "name", ...} or null}}."""
    names = [param.name for param in endpoint.file_params()]
    value = {"mode": endpoint.mode, "names": names, "files": dict.fromkeys(names)}
    return build_island("wells", value, elem_id=f"{endpoint.mode}--wells")


def build_script_desk(endpoint: Endpoint) -> gr.HTML:
    """Scene, dialogue rows, ruler and what Kling reads. Value: {"script": {...}, "voice_ids": [...], "prompt"}."""
    value: dict[str, Any] = {"mode": endpoint.mode, "script": {}, "voice_ids": [], "prompt": ""}
    return build_island("script", value, elem_id=f"{endpoint.mode}--script")


def build_cost_sum(endpoint: Endpoint) -> gr.HTML:
    """The price as a sentence, and today's meter. Value: {"mode", "quote"}; computed in the browser."""
    value = {"mode": endpoint.mode}
    return build_island("cost", value, elem_id=f"{endpoint.mode}--sum", elem_classes=("cost-sum",))


def build_answer(endpoint: Endpoint) -> gr.HTML:
    """Takes the server's answer to a press and shows it at the fields. Value: {"mode", "press", ...}; draws nothing."""
    value = {"mode": endpoint.mode}
    return build_island("answer", value, elem_id=f"{endpoint.mode}--answer", elem_classes=("unseen",))
