"""What passes between a page's process and a run's: one JSON object and one blob of bytes, so nobody unpickles."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

__all__ = ["LOADING", "Message", "pack", "unpack"]

Message = dict[str, Any]


def pack(message: Mapping[str, Any], blob: bytes = b"") -> bytes:
    """The bytes of one message; raises ValueError where a number is not finite."""
    text = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    return struct.pack("<I", len(text)) + text + blob


def unpack(data: bytes) -> tuple[Message, bytes]:
    """The message and the blob of what `pack` made."""
    (n,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + n]), data[4 + n :]


LOADING = pack(
    {
        "type": "progress",
        "fraction": 0.0,
        "text": "loading the kernels, which a first start compiles for about half a minute",
        "seconds": -1.0,
    }
)
"""What a page is told before an experiment says what it prepares."""
