"""A piece of the page that our own script draws; holds the shell only and never puts data into a template."""

from __future__ import annotations

from typing import Any

import gradio as gr

# Gradio evaluates what a template renders as JavaScript, so user text in one would run. The shell is therefore
# constant, and the data travels as the component's JSON value, which the script writes with textContent.
_SHELL = '<div class="island" data-island="{kind}"></div>'
_FIRE = '{change: () => trigger("change"), load: (given) => trigger("load", given)}'
_MOUNT = 'window.studio.mount("{kind}", element, {{props, trigger, watch, fire: {fire}}});'


def build_island(kind: str, value: Any = None, *, elem_id: str, elem_classes: tuple[str, ...] = ()) -> gr.HTML:
    """A `gr.HTML` whose content is drawn by `studio.islands[kind]` in the browser. Its value is any JSON.

    A function and no subclass: Gradio writes a stub file beside the module of every subclass when it is imported.
    """
    return gr.HTML(
        value=value if value is not None else {},
        html_template=_SHELL.format(kind=kind),
        js_on_load=_MOUNT.format(kind=kind, fire=_FIRE),
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes=["island-block", *elem_classes],
    )
