"""What an address shows that leads nowhere: one sentence and the way back."""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import unquote

import tornado.web

__all__ = ["NOWHERE", "Lost"]

NOWHERE = r".*%00.*"
"""Addresses that lead nowhere whatever lies there: no file and no page has a null in its name."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Not here · weltnet</title>
<meta name="viewport" content="width=device-width">
<style>
  :root {{ color-scheme: light dark }}
  body {{ font: 1.2rem/1.5 Georgia, serif; margin: 20vh auto; max-width: min(36rem, 84vw); overflow-wrap: anywhere }}
</style>
<p>{sentence} The laboratory begins at <a href="/">its front page</a>.</p>
"""


class Lost(tornado.web.RequestHandler):
    """Every address that no other handler takes."""

    def prepare(self) -> None:
        self.set_status(404)
        place = unquote(self.request.path, errors="replace")
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in place[:60])
        self.finish(PAGE.format(sentence=f"Nothing is at {html.escape(shown)}."))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish(PAGE.format(sentence="This could not be read as an address."))
