"""A component of a page whose browser half says things to its Python half."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn

__all__ = ["Hearing"]


class Hearing(pn.custom.JSComponent):
    """Hands every message `model.send_msg({...})` of its JavaScript to `hear`."""

    __abstract = True

    def __init__(self, hear: Callable[[dict[str, Any]], None], **params: Any) -> None:
        super().__init__(**params)
        self._hear = hear

    def _handle_msg(self, data: Any) -> None:
        if isinstance(data, dict):
            self._hear(data)
