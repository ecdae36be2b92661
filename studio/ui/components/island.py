"""A piece of the page that our own script draws; holds the shell only and never puts data into a template."""

from __future__ import annotations

from typing import Any

import gradio as gr

# Gradio evaluates what a template renders as JavaScript, so user text in one would run. The shell is therefore
# constant, and the data travels as the component's JSON value, which the script writes with textContent.
_SHELL = '<div class="island" data-island="{kind}"></div>'
_MOUNT = (
    'window.studio.mount("{kind}", element, {{props, trigger, watch,'
    ' fire: {{change: () => trigger("change"), load: (d) => trigger("load", d), answer: (d) => trigger("answer", d)}}}});'
)


class Island(gr.HTML):
    """A `gr.HTML` whose content is drawn by `studio.islands[kind]` in the browser. Its value is any JSON."""

    def __init__(self, kind: str, value: Any = None, **kwargs: Any) -> None:
        super().__init__(
            value=value if value is not None else {},
            html_template=_SHELL.format(kind=kind),
            js_on_load=_MOUNT.format(kind=kind),
            apply_default_css=False,
            elem_classes=["island-block", *kwargs.pop("elem_classes", [])],
            **kwargs,
        )

    def get_block_name(self) -> str:
        """Gradio draws this as its own HTML component, whatever the subclass is called."""
        return "html"

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}
