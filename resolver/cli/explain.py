"""``arret explain``: which court blocks a name, since when and until when, or why nothing does."""

from pathlib import Path
from typing import Final

import click

from resolver.cli.arguments import (
    Address,
    DomainName,
    Instant,
    config_option,
    examples,
    json_option,
    present_instant,
    read_config,
    spelled,
)
from resolver.cli.explanation import Explanation, Listing, explain_name
from resolver.cli.law import Law, read_law
from resolver.cli.terminal import BAD, GOOD, QUIET, TITLE, from_here, say, say_json, say_pairs
from resolver.core.admission import ALLOWED, View
from resolver.core.special_names import special_names
from resolver.dns.codes import RRType
from resolver.dns.name import WireName, present_name
from resolver.ops.config import Config
from resolver.ops.policy_document import OrderRecord, measure_words
from resolver.orders.model import Reach


@click.command(
    short_help="Say why a name is blocked, or why it is not.",
    epilog=examples(
        "arret explain dpstream.tv",
        "arret explain www.dpstream.tv --at 2014-06-01",
        "arret explain bücher.example --client 192.0.2.7 --json",
    ),
)
@click.argument("name", type=DomainName())
@click.option("--at", type=Instant(), metavar="INSTANT", help="Judge at this day or instant instead of now.")
@click.option("--client", type=Address(), metavar="ADDRESS", help="Judge for a client with this address.")
@config_option
@json_option
def explain(name: WireName, at: float | None, client: bytes | None, config_file: Path | None, *, as_json: bool) -> None:
    """Say why NAME is blocked or is not: verdict, orders, courts, case numbers, dates, file and line.

    The policy and the clock are those of the running server; without one, the order files are read. Of an instant
    since the journal began, it says what was applied then.
    """
    config = read_config(config_file)
    past = None if at is None else _read_past(config, name, at)
    law, config = past or (read_law(config, name), config)
    view = ALLOWED if client is None else law.view_of(client, config.clients.allow)
    explanation = explain_name(law, name, law.wall if at is None else at, view)
    special = special_names(config.zones, config.special_names).content(name, RRType.A) is not None
    if as_json:
        told = explanation.as_document()
        if client is not None:
            told["unbound"] = _unbound_listings(explanation, view)
        say_json({**told, "special": special, "policy": law.policy.digest, **law.origin()})
    else:
        _say_verdict(explanation, law)
        for listing in explanation.listings:
            _say_listing(listing, None if client is None else view)
        _say_nearest(explanation)
        _say_answer(explanation, special=special)


def _read_past(config: Config, name: WireName, at: float) -> tuple[Law, Config] | None:
    from resolver.cli.law_of_the_past import read_past_law  # noqa: PLC0415  # it loads a compiler, and few ask for it

    return read_past_law(config, name, at)


VERDICTS: Final = {
    "blocked": ("blocked", BAD),
    "allowed": ("not blocked", GOOD),
    "refused": ("refused, because clients.allow does not hold this client", BAD),
}


def _say_verdict(explanation: Explanation, law: Law) -> None:
    verdict, style = VERDICTS[explanation.verdict]
    if explanation.verdict == "allowed" and explanation.listings:
        nearest = explanation.listings[0]
        verdict = f"{verdict}, order {nearest.order['id']} is {_first_words(nearest)}"
    say(f"{spelled(explanation.name)}: {verdict}", style)
    say(f"  at {present_instant(explanation.wall)}, by {law.origin_words()}", QUIET)


def _first_words(listing: Listing) -> str:
    if listing.exempt is not None:
        return f"in force, but not for this client: {listing.exempt}"
    if listing.observed:
        return f"observed only: {listing.words()}"
    if listing.differs:
        return f"in force, but not for this name: {listing.standing.words()}"
    if listing.in_force:
        return f"{listing.words()}, but {listing.brand_words() or 'binds the subscribers of another name of ours'}"
    return listing.words()


def _unbound(listing: Listing, view: View) -> str:
    """Say why a measure does not bind a client, be it in force or not; "" if it does."""
    if not view.allowed:
        return "clients.allow does not hold this client, which is refused"
    if listing.exempt is not None:
        return f"exempt: {listing.exempt}"
    if not listing.binds(view):
        return listing.brand_words() or "binds the subscribers of another name of ours"
    return ""


def _unbound_listings(explanation: Explanation, view: View) -> list[dict[str, str]]:
    """Write for scripts which of the measures that list a name do not bind a client, and why."""
    said = ((each, _unbound(each, view)) for each in explanation.listings)
    return [
        {"order": each.order["id"], "measure": each.measure["id"], "brand": each.measure.get("brand", ""), "why": why}
        for each, why in said
        if why
    ]


def _say_listing(listing: Listing, view: View | None) -> None:
    """Say all of a listing, and, where a client was given, whether it binds this one."""
    order, measure = listing.order, listing.measure
    unbound = "" if view is None else _unbound(listing, view)
    weight = " · decides" if listing.decisive else ""
    say("")
    whose = " for this name" if listing.differs else ""
    whose += ", but not for this client" if unbound and listing.in_force else ""
    say(f"Order {order['id']}, measure {measure_words(measure)}: {listing.standing.state}{whose}{weight}", TITLE)
    below = ", with all below it" if listing.rule.reach is Reach.SUBTREE else ", this name only"
    say_pairs(
        [
            ("authority", order["authority"]),
            ("case number", order["case_number"]),
            ("decided", order["decided"]),
            ("title", order["title"] or ""),
            ("legal basis", order["legal_basis"] or ""),
            ("applicants", applicants_words(order)),
            ("listed", spelled(listing.rule.name) + below),
            ("on list", listing.lists_words()),
            ("file", f"{from_here(listing.file)}:{listing.rule.line}"),
            ("action", measure["action"]),
            ("mode", "observed only: counted, and not blocked" if listing.observed else ""),
            ("this client", unbound and f"not bound: {unbound}"),
            ("brand", listing.brand_words()),
            ("not for", "; ".join(listing.exemptions)),
            ("time", listing.words()),
            ("because", measure["because"]),
            ("rests on", order["verified"] or ""),
            ("confidential", "yes: subscribers are not told which order" if order["confidential"] else ""),
            ("note", "the file was refused since; this is its last good version" if order["kept"] else ""),
        ]
    )


def applicants_words(order: OrderRecord) -> str:
    """Name who asked for an order; of natural persons only how many."""
    number = order.get("natural_applicants", 0)
    persons = [f"{number} natural person{'s' if number > 1 else ''}"] if number else []
    return ", ".join([*order["applicants"], *persons])


def _say_nearest(explanation: Explanation) -> None:
    if explanation.listings:
        return
    say("  no order lists it")
    if explanation.nearest:
        say("  the nearest listed names: " + ", ".join(map(present_name, explanation.nearest)))


def _say_answer(explanation: Explanation, *, special: bool) -> None:
    say("")
    match explanation.verdict:
        case "refused":
            say("This client gets REFUSED, whatever it asks.")
        case "allowed" if special:
            say("It is a special name: it is answered here, and no upstream is asked.")
        case "allowed":
            asked = present_name(explanation.name)
            say(f"Subscribers get what the upstreams answer; `arret query {asked}` tells whether an alias is blocked.")
        case "blocked":
            block = explanation.block
            assert block is not None, "what is blocked is blocked by something"
            ttl = block.measure.ttl if block.seconds_left is None else min(block.measure.ttl, int(block.seconds_left))
            text = block.measure.ede_text.decode(errors="replace")
            say(f"Subscribers get: {block.measure.action}, TTL {ttl} s, and the text: {text}")
