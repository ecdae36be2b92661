"""One tab for one mode, built from its endpoint: fields on the desk, length and sound beside the price."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.catalog.endpoint import Endpoint
from studio.catalog.param import Kind
from studio.ui import words
from studio.ui.components.parts import build_answer, build_cost_sum, build_script_desk, build_wells
from studio.ui.controls import build_control

# What moves the price, or sits beside it, belongs in the cost bar and not in the form.
_IN_COST_BAR = ("duration", "generate_audio", "keep_original_sound")
_FOLDED = ("negative_prompt", "cfg_scale")

Press = Callable[[str, str, dict[str, Any]], dict[str, Any]]


def build_mode(endpoint: Endpoint, press: Press) -> None:
    """Lays out the tab and wires it. `press(mode, world, fields)` answers a press of Rehearse or Generate."""
    fields: dict[str, Component] = {"files": build_wells(endpoint)}
    has_dialogue = endpoint.has("generate_audio")
    if has_dialogue:
        fields["script"] = build_script_desk(endpoint)
    for param in endpoint.params:
        if param.kind.is_file or param.kind is Kind.VOICES or param.name in _IN_COST_BAR:
            continue
        if param.name == "prompt" and has_dialogue:
            continue
        fields[param.name] = _field(endpoint, param.name)
    cost, buttons = _cost_bar(endpoint, fields)
    answer = build_answer(endpoint)
    _wire(endpoint, fields, cost, buttons, answer, press)


def _field(endpoint: Endpoint, name: str) -> Component:
    param = endpoint[name]
    if name not in _FOLDED:
        extra = {"info": words.ORIENTATION_HELP} if name == "character_orientation" else {}
        return build_control(endpoint, param, **extra)
    with gr.Accordion(param.title, open=False, elem_classes=["fold"], elem_id=f"{endpoint.mode}--fold-{name}"):
        return build_control(endpoint, param)


def _cost_bar(endpoint: Endpoint, fields: dict[str, Component]) -> tuple[Component, tuple[gr.Button, gr.Button]]:
    with gr.Row(elem_classes=["cost"], elem_id=f"{endpoint.mode}--cost"):
        for name in _IN_COST_BAR:
            if endpoint.has(name):
                fields[name] = build_control(endpoint, endpoint[name])
        cost = build_cost_sum(endpoint)
        rehearse = gr.Button(words.REHEARSE, elem_id=f"{endpoint.mode}--rehearse", elem_classes=["rehearse"])
        generate = gr.Button(
            words.GENERATE, variant="primary", elem_id=f"{endpoint.mode}--generate", elem_classes=["generate"]
        )
    return cost, (rehearse, generate)


def _wire(
    endpoint: Endpoint,
    fields: dict[str, Component],
    cost: Component,
    buttons: tuple[gr.Button, gr.Button],
    answer: Component,
    press: Press,
) -> None:
    names = list(fields)
    components = list(fields.values())
    rehearse, generate = buttons
    call = f"studio.desk.{{verb}}({json.dumps(endpoint.mode)}, {json.dumps(names)}, values{{more}})"
    # The price answers in the browser; the server says it again before anything is sent.
    gr.on(
        [component.change for component in components],  # type: ignore[attr-defined]  # the stubs say so per class
        None,
        components,
        [cost, rehearse, generate],
        js=f"(...values) => {call.format(verb='changed', more='')}",
        show_progress="hidden",
        api_visibility="private",
    )
    # A draft kept by the browser, a starter or an earlier take comes back into every field at once.
    answer.load(  # type: ignore[attr-defined]  # the event that our script fires
        None,
        components,
        components,
        js=f"(...values) => {call.format(verb='restored', more='')}",
        show_progress="hidden",
        api_visibility="private",
    )
    for button, world in ((rehearse, "rehearsal"), (generate, "live")):
        button.click(
            _presser(endpoint.mode, world, names, press),
            [*components, answer],
            [answer],
            js=f"(...values) => {call.format(verb='press', more=', ' + json.dumps(world))}",
            queue=False,
            show_progress="hidden",
            trigger_mode="multiple",
            api_visibility="private",
        )


def _presser(mode: str, world: str, names: list[str], press: Press) -> Callable[..., dict[str, Any]]:
    def on_press(*values: Any) -> dict[str, Any]:
        *fields, slip = values
        slip = slip or {}
        told = {"press": slip.get("press", ""), "parent_id": slip.get("parent_id")}
        return press(mode, world, {**dict(zip(names, fields, strict=True)), **told})

    return on_press
