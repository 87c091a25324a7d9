"""The calibrations that a page rests on: what is stored, and the command that makes it, in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import param

from weltnet import calibrations
from weltnet.experiment import Experiment
from weltnet_app import assets, theme
from weltnet_app.hearing import Hearing
from weltnet_app.theme import number
from weltnet_app.verdict_cards import age

__all__ = ["COMMAND", "Calibrated", "Command", "missed"]


class Command:
    """`weltnet calibrate` at the request of a page: at most one at a time for the whole server, seen by every page."""

    def __init__(self) -> None:
        self.progress: tuple[float, str] | None = None
        self.fault = ""
        self._task: asyncio.Task[None] | None = None
        self._watchers: list[Callable[[], None]] = []

    def start(self, names: Sequence[str]) -> None:
        """Run these calibrations, unless some are being run."""
        if self._task is None:
            self.progress, self.fault = (0.0, "starting"), ""
            self._task = asyncio.get_running_loop().create_task(self._carry_out(names))
            self._tell()

    def stop(self) -> None:
        """End the process; what it has stored stays."""
        if self._task is not None:
            self._task.cancel()

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back on the web loop at every news; returns the way to stop it."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback) if callback in self._watchers else None

    def _tell(self) -> None:
        for callback in list(self._watchers):
            callback()

    async def _carry_out(self, names: Sequence[str]) -> None:
        command = (sys.executable, "-m", "weltnet_app", "calibrate", *names)
        last = ""
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
            )
            try:
                async for line in process.stderr or ():  # type: ignore[union-attr]
                    last = line.decode(errors="replace").strip()
                    if at := re.match(r"(\d+) of (\d+): ", last):
                        self.progress = ((int(at[1]) - 1) / int(at[2]), last.rstrip(" …"))
                        self._tell()
                if await process.wait() not in (0, 1):
                    self.fault = f"The calibrations broke off: {last}"
                elif calibrations.current() is None:
                    self.fault = "The sources have changed since this server was started: start it again"
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        except OSError as error:
            self.fault = f"The calibrations could not be started ({error.strerror})."
        finally:
            self.progress, self._task = None, None
            self._tell()


COMMAND = Command()
"""The one of this server."""


class Calibrated(Hearing):
    """One line at the foot of the page that opens to a table (see `assets/calibrated.js`)."""

    _esm = assets.ASSETS / "calibrated.js"
    _stylesheets = [theme.sheet("calibrated.css")]  # noqa: RUF012 (Panel reads a plain list)

    line = param.String()
    state = param.String(doc="`none`, `some`, `reproduced`, `missed` or `running`.")
    rows = param.List()
    fraction = param.Number(0.0)

    def follow(self, experiment: Experiment[Any, Any]) -> None:
        """Show what is stored for an experiment, or what is being run."""
        found, names = calibrations.current(), experiment.calibrations
        rows = [_row(calibrations.by_name(name), found.of(name) if found else None) for name in names]
        made = [r for r in rows if r["word"]]
        good = sum(r["word"] == "reproduced" for r in made)
        state = (
            "none" if not made else "missed" if good < len(made) else "some" if len(made) < len(rows) else "reproduced"
        )
        fraction = 0.0
        if COMMAND.progress is not None:
            (fraction, said), state = COMMAND.progress, "running"
            line = f"Calibrating {said}" if fraction or said != "starting" else "Calibrating"
        elif COMMAND.fault:
            line = COMMAND.fault
        elif not made or found is None:
            line = "Not calibrated in this version yet"
        else:
            line = f"Calibrated: {good} of {len(rows)} known answers reproduced · {age(found.date)}"
        changed = {"line": line, "state": state, "rows": rows, "fraction": fraction}
        changed = {k: v for k, v in changed.items() if getattr(self, k) != v}
        if changed:
            self.param.update(**changed)


def missed(experiment: Experiment[Any, Any]) -> str:
    """One sentence if an estimator of the experiment misses a known answer, else nothing."""
    found = calibrations.current()
    for name in experiment.calibrations if found else ():
        result = found.of(name) if found else None
        if result is not None and not calibrations.passed(result):
            row = _row(calibrations.by_name(name), result)
            return (
                f"{row['title']}: measured {row['measured']}, known {row['expected']}. No verdict before that is met."
            )
    return ""


def _row(c: calibrations.Calibration, r: calibrations.Result | None) -> dict[str, str]:
    measured = ""
    if r is not None and r.measured is not None:
        measured = number(r.measured, r.error or 0.0) + (f" ± {number(r.error, r.error)}" if r.error else "")
    word = "" if r is None else "reproduced" if calibrations.passed(r) else "missed"
    return {
        "title": c.title, "known": c.sentence, "estimator": c.estimator, "symbol": c.symbol, "word": word,
        "expected": number(float(f"{c.expected:.4g}")), "measured": measured, "fault": r.fault if r else "",
    }  # fmt: skip
