"""The islands of the page by name; each says what its value holds, and none decides anything."""

from __future__ import annotations

from typing import Any

from studio.catalog.endpoint import Endpoint
from studio.ui.components.island import Island

from gradio.events import Dependency

class Header(Island):
    """Mark, mode pill, Write/Watch switch, theme and help; laid over the row of section tabs. Value: {}."""

    def __init__(self) -> None:
        super().__init__("header", elem_id="header")
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

class Wells(Island):
    """Where pictures and clips are dropped. Value: {parameter name: {"ref", "name", ...} or null}."""

    def __init__(self, endpoint: Endpoint) -> None:
        names = [param.name for param in endpoint.file_params()]
        shown = {"mode": endpoint.mode, "names": names, "files": dict.fromkeys(names)}
        super().__init__("wells", shown, elem_id=f"{endpoint.mode}--wells")
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

class ScriptDesk(Island):
    """Scene, dialogue rows, ruler and what Kling reads. Value: {"script": {...}, "voice_ids": [...], "prompt"}."""

    def __init__(self, endpoint: Endpoint) -> None:
        empty: dict[str, Any] = {"mode": endpoint.mode, "script": {}, "voice_ids": [], "prompt": ""}
        super().__init__("script", empty, elem_id=f"{endpoint.mode}--script")
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

class CostSum(Island):
    """The price as a sentence, and today's meter. Value: {"mode", "quote"}; computed in the browser."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__("cost", {"mode": endpoint.mode}, elem_id=f"{endpoint.mode}--sum", elem_classes=["cost-sum"])
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

class Answer(Island):
    """Takes the server's answer to a press and shows it at the fields. Value: {"mode", "press", ...}; draws nothing."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__("answer", {"mode": endpoint.mode}, elem_id=f"{endpoint.mode}--answer", elem_classes=["unseen"])
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component
