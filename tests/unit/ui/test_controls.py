"""Every plain parameter of the catalog becomes one labelled widget with its own id, choices and default."""

from __future__ import annotations

import gradio as gr
import pytest

from studio.catalog.endpoint import Endpoint
from studio.catalog.param import Kind, Param
from studio.catalog.registry import ENDPOINTS
from studio.ui.controls import build_control, control_id

PLAIN = [
    (endpoint, param)
    for endpoint in ENDPOINTS
    for param in endpoint.params
    if not param.kind.is_file and param.kind is not Kind.VOICES
]
DRAWN_BY_ISLANDS = [kind for kind in Kind if kind.is_file or kind is Kind.VOICES]
WIDGETS = {Kind.TEXT: gr.Textbox, Kind.CHOICE: gr.Radio, Kind.FLAG: gr.Checkbox, Kind.NUMBER: gr.Slider}


def name_of(value: object) -> str:
    return value.mode if isinstance(value, Endpoint) else value.name if isinstance(value, Param) else str(value)


@pytest.mark.parametrize(("endpoint", "param"), PLAIN, ids=name_of)
def test_plain_parameter_has_its_widget(endpoint: Endpoint, param: Param) -> None:
    control = build_control(endpoint, param)
    assert type(control) is WIDGETS[param.kind]
    assert control.label == param.title
    assert control.elem_id == control_id(endpoint, param.name) == f"{endpoint.mode}--{param.name}"


@pytest.mark.parametrize(("endpoint", "param"), PLAIN, ids=name_of)
def test_widget_starts_at_the_default_of_the_catalog(endpoint: Endpoint, param: Param) -> None:
    value = build_control(endpoint, param).value
    if param.default is None and param.choices:
        assert value == param.choices[0]
    elif param.default is None:
        assert not value
    else:
        assert value == param.default


@pytest.mark.parametrize(("endpoint", "param"), [p for p in PLAIN if p[1].kind is Kind.CHOICE], ids=name_of)
def test_choices_are_those_of_the_catalog_in_words(endpoint: Endpoint, param: Param) -> None:
    control = build_control(endpoint, param)
    assert isinstance(control, gr.Radio)
    assert tuple(value for _, value in control.choices) == param.choices
    assert all(title.strip() for title, _ in control.choices)


def test_number_keeps_its_range() -> None:
    for endpoint, param in PLAIN:
        if param.kind is Kind.NUMBER:
            slider = build_control(endpoint, param)
            assert (slider.minimum, slider.maximum) == (param.minimum, param.maximum)


def test_no_two_widgets_share_an_id() -> None:
    ids = [build_control(endpoint, param).elem_id for endpoint, param in PLAIN]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("kind", DRAWN_BY_ISLANDS)
def test_what_islands_draw_has_no_widget(kind: Kind) -> None:
    with pytest.raises(KeyError):
        build_control(ENDPOINTS[0], Param("x", kind, "X"))
