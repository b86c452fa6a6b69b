"""What a benchmark leaves behind: a page of text, tables and figures, printed as it comes about."""
from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

INTO = Path(__file__).parent.parent / "docs" / "benchmarks"
OWN_PACKAGES = ("dpcompile", "numba", "llvmlite", "numpy")


def processor() -> str:
    """Its model, as Linux names it, and how many of its cores this process may use."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {len(os.sched_getaffinity(0))} cores"


def versions(packages: Iterable[str]) -> str:
    """Those that are installed."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def machine(packages: Iterable[str] = OWN_PACKAGES) -> str:
    """One sentence on where the numbers come from, which names neither host nor folder."""
    return (f"Measured on {processor()}, {platform.system()}, Python {platform.python_version()}, {versions(packages)}. "
            "Times are those that the process spent on processors, its threads added up, but for first calls of other systems "
            "and speed-ups, which the clock on the wall gives. The machine was not idle: its load at the end of this page was "
            f"{os.getloadavg()[0]:.1f}, this process included.")


class Page:
    """A page that grows; ``folder`` is None where nothing is to be written."""

    def __init__(self, title: str, name: str, folder: Path | None):
        self.title, self.name, self.folder, self.parts = title, name, folder, [f"# {title}"]

    def say(self, text: str) -> None:
        self.parts.append(text.strip())
        print(f"{text.strip()}\n", flush=True)

    def table(self, headings: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
        lines = [tuple(headings), *(tuple(map(str, row)) for row in rows)]
        lines.insert(1, ("---", *("---:" for _ in lines[0][1:])))
        self.say("\n".join(f"| {' | '.join(line)} |" for line in lines))

    def figure(self, name: str, draw: Callable, size: tuple[float, float], panels: int = 1) -> None:
        """``draw`` gets the axes; without matplotlib the page has no figure."""
        try:
            from matplotlib import rc_context
            from matplotlib.figure import Figure
        except ImportError:
            print("no figure: matplotlib is not installed\n")
            return
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots(1, panels))
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
                figure.savefig(self.folder / f"{name}.svg", metadata={"Date": None})
        self.parts.append(f"![{self.title}]({name}.svg)")

    def close(self, packages: Iterable[str] = OWN_PACKAGES) -> None:
        """Says where it was measured, and writes the page."""
        self.say(machine(packages))
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / f"{self.name}.md").write_text("\n\n".join(self.parts) + "\n", encoding="utf-8")
