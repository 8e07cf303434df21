"""Draw time and memory against the size of the company: ``python -m benchmarks.report.chart``."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from benchmarks.measure import RESULTS, ROOT, Measurement, Results
from benchmarks.measured.growth import GROUP, STEP_NAMES, name_of

PICTURE = ROOT / "docs" / "pictures" / "growth.png"

_COLORS = ("#9a9a9a", "#4f8f5b", "#d9822b", "#2f6f9f")
_MOST_MEMORY = 8  # GiB, at any size


def draw(results: Results, path: Path) -> None:
    """Write the chart of what has been measured, if anything has: one line for each step."""
    growth = results.read(GROUP)
    if not growth:
        return
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    time, memory = figure.subplots(1, 2)
    for step, color in zip(STEP_NAMES, _COLORS, strict=True):
        points = _points(growth, step)
        sizes = [size for size, _ in points]
        style = {"color": color, "marker": "o", "label": step}
        time.plot(sizes, [result["seconds"] for _, result in points], **style)
        memory.plot(sizes, [result["peak"] / 2**30 for _, result in points], **style)
    memory.axhline(_MOST_MEMORY, color="#9a9a9a", linestyle="--", label="the bound: 8 GiB")
    _dress(time, "How long does it take?", "seconds")
    _dress(memory, "How much memory does it hold?", "GiB at most, all processes")
    memory.set_ylim(top=2 * _MOST_MEMORY)
    memory.yaxis.set_major_locator(FixedLocator([0.25, 0.5, 1, 2, 4, 8, 16]))
    figure.savefig(path, dpi=110)


def sizes_of(growth: dict[str, Measurement]) -> list[int]:
    """The sizes that came through to their night, small to large.

    The largest are not learnt from, as ``benchmarks.measured.growth`` says.
    """
    return [size for size in _sizes(growth) if "seconds" in growth.get(name_of(size, "night"), {})]


def _points(growth: dict[str, Measurement], step: str) -> list[tuple[int, Measurement]]:
    result = ((size, growth.get(name_of(size, step), {})) for size in _sizes(growth))
    return [(size, one) for size, one in result if "seconds" in one]


def _sizes(growth: dict[str, Measurement]) -> list[int]:
    return sorted({int(name.split()[0]) for name in growth})


def _dress(axes: Axes, title: str, label: str) -> None:
    axes.set(title=title, xlabel="subscribers", ylabel=label, xscale="log", yscale="log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(frameon=False, loc="lower right")


if __name__ == "__main__":
    draw(Results(RESULTS / "full"), PICTURE)
