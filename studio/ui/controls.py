"""The only place where a catalog parameter becomes a Gradio widget; never names a parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.catalog.endpoint import Endpoint
from studio.catalog.param import Kind, Param
from studio.ui import words


def build_control(endpoint: Endpoint, param: Param, **kwargs: Any) -> Component:
    """A labelled widget for a text, choice, flag or number parameter. KeyError for the kinds that islands draw."""
    return _BUILDERS[param.kind](param, elem_id=control_id(endpoint, param.name), **kwargs)


def control_id(endpoint: Endpoint, name: str) -> str:
    """The element id of a parameter's widget; labels of several tabs are alike, ids are not."""
    return f"{endpoint.mode}--{name}"


def _textbox(param: Param, **kwargs: Any) -> Component:
    return gr.Textbox(
        value=param.default or "",
        label=param.title,
        info=None if param.default else param.help,
        lines=2,
        max_lines=8,
        **{"placeholder": words.PLACEHOLDERS.get(param.name, ""), **kwargs},
    )


def _radio(param: Param, **kwargs: Any) -> Component:
    choices = [(words.CHOICE_TITLES.get((param.name, choice), choice), choice) for choice in param.choices]
    return gr.Radio(choices, value=param.default or param.choices[0], label=param.title, **kwargs)


def _checkbox(param: Param, **kwargs: Any) -> Component:
    return gr.Checkbox(value=bool(param.default), label=param.title, container=False, **kwargs)


def _slider(param: Param, **kwargs: Any) -> Component:
    return gr.Slider(
        param.minimum or 0,
        param.maximum or 1,
        value=param.default,
        step=0.05,
        label=param.title,
        info=param.help,
        buttons=[],
        **kwargs,
    )


_BUILDERS: dict[Kind, Callable[..., Component]] = {
    Kind.TEXT: _textbox,
    Kind.CHOICE: _radio,
    Kind.FLAG: _checkbox,
    Kind.NUMBER: _slider,
}
