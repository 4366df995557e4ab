"""How a soak is told: as a page of Markdown with a table for each run."""

from collections.abc import Iterator, Sequence

from benchmarks.circumstances import Circumstances
from benchmarks.figures import Figure, Run


def write_report(circumstances: Circumstances, runs: Sequence[Run]) -> str:
    """Write the page."""
    return "\n".join(_lines(circumstances, runs)) + "\n"


def _lines(circumstances: Circumstances, runs: Sequence[Run]) -> Iterator[str]:
    minutes = sum(run.seconds for run in runs) / 60
    missed = [run.title for run in runs if not run.passed]
    yield "# Full-size runs"
    yield ""
    yield f"Written by `{circumstances.command}`; the next one overwrites it."
    yield ""
    yield f"- Date: {circumstances.date}"
    yield f"- Commit: {circumstances.commit}"
    yield (
        f"- Machine: {circumstances.cores} cores, {circumstances.gigabytes:.0f} GB of memory, "
        f"Python {circumstances.python}. Server, load and upstream share it, over loopback; "
        f"load average before the start: {circumstances.load_average:.1f}"
    )
    yield f"- Took {minutes:.1f} minutes"
    yield f"- Outcome: {'every bound is kept' if not missed else 'bounds are missed in: ' + ', '.join(missed)}"
    for number, run in enumerate(runs, 1):
        yield from _run_lines(number, run)


def _run_lines(number: int, run: Run) -> Iterator[str]:
    yield ""
    yield f"## {number}. {run.title}: {'pass' if run.passed else 'fail'}"
    yield ""
    yield run.done
    yield ""
    yield "| figure | value | bound | |"
    yield "|---|---|---|---|"
    yield from map(_row, run.figures)
    if run.broke is not None:
        yield f"| the run ended early: {_cell(run.broke)} | | | **fail** |"


def _row(figure: Figure) -> str:
    if figure.most is None:
        bound, verdict = "", ""
    else:
        bound = f"≤ {_number(figure.most)} {figure.unit}".strip()
        verdict = "**fail**" if figure.missed else "pass"
    return f"| {_cell(figure.what)} | {_number(figure.value)} {figure.unit} | {bound} | {verdict} |".replace(
        "  |", " |"
    )


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}"
