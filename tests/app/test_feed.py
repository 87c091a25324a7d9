"""The feed's door: exact origins, small messages, known runs."""

from __future__ import annotations

import pytest

from weltnet_app.feed import Feed
from weltnet_app.serve import _allowed


@pytest.fixture
def feed() -> Feed:
    """A handler that knows its origins; nothing else of it is asked."""
    made = object.__new__(Feed)
    made.origins = _allowed("127.0.0.1", 5006, ("https://lab.example.org",))
    return made


@pytest.mark.parametrize("origin", ["http://localhost:5006", "http://127.0.0.1:5006", "https://lab.example.org"])
def test_own_origins_pass(feed: Feed, origin: str) -> None:
    """This machine's names and what was allowed by hand."""
    assert feed.check_origin(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:5007",
        "http://localhost",
        "https://localhost:5006",
        "http://localhost:5006.evil.org",
        "http://evil-localhost:5006",
        "http://localhost:5006@evil.org",
        "http://lab.example.org",
        "https://lab.example.org.evil.org",
        "https://evil.lab.example.org",
        "null",
        "",
        "http://lоcalhost:5006",
        "http://localhost:5006/",
    ],
)
def test_other_origins_are_refused(feed: Feed, origin: str) -> None:
    """Suffix, prefix, port, scheme, null and unicode attacks."""
    assert not feed.check_origin(origin)
