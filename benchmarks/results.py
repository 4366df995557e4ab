"""How a side-by-side run is told: as a page of Markdown, the goals first, then all figures."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.circumstances import Circumstances
from benchmarks.comparison import LEAST_ROUNDS, Comparison, Middle
from benchmarks.contenders import FLOOR, OURS
from benchmarks.goals import Finding, find_all
from benchmarks.long_list import AFTERWARDS_SECONDS, LONGER, SETTLING, LongList
from benchmarks.questions import KINDS, Case
from benchmarks.rounds import LEAST_NOERROR, LOOKED_UP, MOST_LOST, OPEN

NOTHING: Final = "-"
WHAT_IT_IS: Final = f"""
What the numbers are: the CPU time (user and system) of all processes of a server while dnsperf asks it over loopback,
divided by the answers; medians of the rounds. Our server runs as an operator starts it, with one worker and default
features on, against one thread of each peer; the line with the servers says whether its query path ran compiled, and
`(pure Python)` is the same without. NSD is everybody's upstream. `benchmarks/peer_servers.py` is how the peers
are set up; the floor is `benchmarks/floor.c`, which receives and sends in batches and looks at nothing. A round counts
only with at least {LEAST_NOERROR} % NOERROR, at most {MOST_LOST} % lost, no answer that went to somebody
else, and no wrong one among {2 * LOOKED_UP} looked at afterwards; a median needs {LEAST_ROUNDS} that count, if as many
were made. The best peer is the one whose median is least.

What they are not: what a server does on a network card, on a machine of its own, or for real subscribers. Load,
upstream and server share the machine with whatever else runs there. So only ratios within this page carry over, never
a figure by itself, and none from another page. Starts, and memory, are single readings; only our start with a long list
that was compiled before is a median, of as many as there were rounds.
"""
OF_THE_LONG_LIST: Final = """\
Each is asked the mixed case at half of its own maximum above, by one dnsperf from before the reload until after it;
meanwhile one name of the list is exchanged for another, {reloads} under a load each. Lost is what any of them lost at
any time. Waits are those of `dnsperf -v`: "before" are {before} s without a reload, "during" is from its beginning
until {afterwards} s after the new name is blocked. The first {settling:g} s of a load are in neither: dnsperf pauses
after every other query until it has asked as many as may be open (`-q`; here, what is asked in a tenth of a second),
and makes up for that in a burst as fast as it can, against every server. A server that stops for longer than a tenth
of a second is asked less meanwhile.

The row is that of the reload whose p99 grew by the median, but what was lost, wrong, or from before is that of all, and
the longest wait and the peak are the highest. A name that stays listed is asked for all the time; any other answer than
the notice is wrong. The name that comes was asked for before: "from before" counts answers out of a cache for it
afterwards, of eight each time. dnsdist and dnsmasq cannot read such a list again: they are started anew. Memory is
looked at five times a second.
"""


@dataclass(frozen=True, slots=True)
class Result:
    """All that a run found out."""

    circumstances: Circumstances
    versions: Mapping[str, str]
    comparison: Comparison
    starts: Mapping[str, str]
    """By contender: seconds to the first blocked answer."""
    memory: Mapping[str, float]
    """By contender: megabytes (PSS) after the rounds."""
    long_lists: Mapping[str, LongList | str]
    """By contender: what it cost, or what broke."""
    timings: Mapping[str, float]
    """Microseconds of one call, in-process."""
    names: int
    long_names: int
    seconds: int
    minutes: float


def write_results(result: Result) -> str:
    """Write the page."""
    return "\n".join(_lines(result)) + "\n"


def findings(result: Result) -> list[Finding]:
    """Hold the run against the goals."""
    return find_all(result.comparison, result.long_lists, result.long_names)


def _lines(result: Result) -> Iterator[str]:
    yield from _head(result)
    yield from _goals(findings(result))
    yield from _by_case("CPU microseconds per answered query", result.comparison, result.comparison.cases, _cpu)
    at_maximum = [case for case in result.comparison.cases if case.rate is None]
    yield from _by_case("Queries a second, at maximum", result.comparison, at_maximum, _rate)
    at_a_rate = [case for case in result.comparison.cases if case.rate is not None]
    yield from _by_case("Milliseconds to the answer at a fixed rate: p50 / p99", result.comparison, at_a_rate, _wait)
    yield from _starts(result)
    yield from _long_list(result)
    yield from _timings(result.timings)
    yield from _left_out(result.comparison)


def _head(result: Result) -> Iterator[str]:
    how = result.circumstances
    comparison = result.comparison
    yield "# Side by side"
    yield ""
    yield f"Written by `{how.command}`; the next one overwrites it."
    yield ""
    yield f"- Date: {how.date}; took {_count(math.ceil(result.minutes), 'minute')}"
    yield f"- Commit: {how.commit}"
    yield (
        f"- Machine: {how.cores} cores, {how.gigabytes:.0f} GB of memory, Python {how.python}; "
        f"load average before the start {how.load_average:.1f}. {_others(comparison)}"
    )
    yield f"- Servers: {'; '.join(result.versions.values())}"
    yield (
        f"- {_count(comparison.rounds, 'round')} of {_count(result.seconds, 'second')} for each case and server, "
        f"{result.names:,} names blocked. In a round, each case is given to one server after the other; "
        "who begins changes from round to round."
    )
    yield WHAT_IT_IS
    yield "| case | what is asked |"
    yield "|---|---|"
    for kind in dict.fromkeys(case.kind for case in comparison.cases):
        yield f"| {kind} | {KINDS[kind]} |"
    yield ""
    yield f"`mixed@5000` is the mixed case at 5,000 queries/s; without a rate, {OPEN} queries are open at any time."


def _others(comparison: Comparison) -> str:
    shares = sorted(each.others for each in comparison.measurements)
    if not shares:
        return ""
    middle = shares[len(shares) // 2]
    return f"Others used {middle:.0f} % of it meanwhile (median of all measurements; at most {shares[-1]:.0f} %)"


def _goals(found: Sequence[Finding]) -> Iterator[str]:
    missed = sum(figure.missed for figure, _ in found)
    yield from _title(f"Goals: {len(found) - missed} of {len(found)} met")
    yield "| | found | goal | | from |"
    yield "|---|---|---|---|---|"
    for figure, behind in found:
        verdict = "**missed**" if figure.missed else "met"
        unit = f" {figure.unit}".rstrip()
        yield f"| {figure.what} | {figure.value:,.2f}{unit} | ≤ {figure.most:g}{unit} | {verdict} | {behind} |"


def _by_case(
    title: str, comparison: Comparison, cases: Sequence[Case], write: Callable[[Middle], str]
) -> Iterator[str]:
    if not cases:
        return
    yield from _title(title)
    yield f"| | {' | '.join(case.name for case in cases)} |"
    yield f"|---|{'---|' * len(cases)}"
    for name in comparison.contenders:
        middles = [comparison.middle(name, case) for case in cases]
        if any(middles) or name != FLOOR:
            cells = [NOTHING if middle is None else write(middle) for middle in middles]
            yield f"| {_name(name)} | {' | '.join(cells)} |"


def _cpu(middle: Middle) -> str:
    return f"{middle.microseconds:.1f}"


def _rate(middle: Middle) -> str:
    return f"{middle.rate:,.0f}"


def _wait(middle: Middle) -> str:
    return NOTHING if middle.p50 is None or middle.p99 is None else f"{middle.p50:.2f} / {middle.p99:.2f}"


def _starts(result: Result) -> Iterator[str]:
    yield from _title(f"Start and memory with {result.names:,} names")
    yield "| | seconds to the first blocked answer | PSS of all processes after the rounds, MB |"
    yield "|---|---|---|"
    for name, seconds in result.starts.items():
        memory = f"{result.memory[name]:,.0f}" if name in result.memory else NOTHING
        yield f"| {_name(name)} | {seconds} | {memory} |"


def _long_list(result: Result) -> Iterator[str]:
    if not result.long_lists:
        return
    yield from _title(f"A list of {result.long_names:,} names, and its reload under load")
    yield OF_THE_LONG_LIST.format(
        reloads=_count(max((len(each.reloads) for each in _found(result)), default=0), "time") + ",",
        before=LONGER * result.seconds,
        afterwards=AFTERWARDS_SECONDS,
        settling=SETTLING * result.seconds,
    )
    yield (
        "| | threads | first blocked answer, s | PSS, MB | queries/s | reload, s | lost | wrong | from before "
        "| p99 before, ms | p99 during, ms | longest wait, ms | peak PSS, MB |"
    )
    yield f"|{'---|' * 13}"
    yield from (_long_row(name, found) for name, found in result.long_lists.items())


def _found(result: Result) -> list[LongList]:
    return [each for each in result.long_lists.values() if isinstance(each, LongList)]


def _long_row(name: str, found: LongList | str) -> str:
    if isinstance(found, str):
        return f"| {' | '.join([_name(name), found] + [NOTHING] * 11)} |"
    start = f"{found.first_start:.1f}" + (f", again {found.restart:.2f}" if found.restart is not None else "")
    cells = [_name(name), str(found.threads), start, f"{found.memory:,.0f}"]
    middle, reloads = found.middle, found.reloads
    if middle is None:
        return f"| {' | '.join(cells + [NOTHING] * 9)} |"
    lost, asked = sum(each.lost for each in reloads), sum(each.counts.sent + each.looked_at for each in reloads)
    cells += [f"{middle.rate:,}", f"{middle.seconds:.1f}", f"{lost:,} ({100 * lost / max(1, asked):.2f} %)"]
    cells += [f"{sum(each.wrong for each in reloads)} of {sum(each.looked_at for each in reloads):,}"]
    cells += [str(sum(each.still_cached for each in reloads))]
    cells += [f"{middle.before.p99:.2f}", f"{middle.during.p99:.2f}"]
    cells += [f"{max(each.during.longest for each in reloads):.1f}", f"{max(each.peak for each in reloads):,.0f}"]
    return f"| {' | '.join(cells)} |"


def _timings(timings: Mapping[str, float]) -> Iterator[str]:
    if not timings:
        return
    yield from _title("In-process timings of the decision")
    yield (
        "What a reply costs before it meets a socket: microseconds of one call in a warm interpreter, the best of five "
        "series (`make timings`)."
    )
    yield ""
    yield "| | µs |"
    yield "|---|---|"
    for what, microseconds in timings.items():
        yield f"| {what} | {microseconds:.2f} |"


def _left_out(comparison: Comparison) -> Iterator[str]:
    if not comparison.left_out:
        return
    yield from _title("Rounds that do not count")
    yield "| | case | round | NOERROR | lost | wrong |"
    yield "|---|---|---|---|---|---|"
    for each in comparison.left_out:
        yield (
            f"| {_name(each.contender)} | {each.case.name} | {each.turn + 1} | {each.noerror:.2f} % "
            f"| {each.lost:.2f} % | {each.wrong} |"
        )


def _title(text: str) -> Iterator[str]:
    yield from ("", f"## {text}", "")


def _name(contender: str) -> str:
    return f"**{contender}**" if contender == OURS else contender


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
