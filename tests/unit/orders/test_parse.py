"""Order files: what a sound one becomes, and what the operator reads about one that is not."""

import re
from datetime import date, datetime
from hashlib import sha256

import pytest

from resolver.dns.name import parse_name
from resolver.orders.model import (
    Action,
    Addressee,
    Duration,
    EventKind,
    Lasts,
    MeasureKind,
    Order,
    PeriodStart,
    Place,
    PublicId,
    Reach,
    RedirectTarget,
    Unlimited,
    Until,
)
from tests.unit.orders.order_files import HEAD, complaints, order_text, read, shipped_order, sound

SIXTEEN = re.findall(
    r"\S+",
    """
dpstream.tv fifostream.tv fifostream.com fifostream.net fifostream.org fifostreaming.com fifostreaming.net
fifostreaming.org fifostreaming.tv allostreaming.com alloshowtv.com alloshare.com allomovies.com allomegavideo.com
alloseven.com allourls.com
""",
)


class TestTheShippedOrder:
    def test_is_the_allostreaming_judgment(self) -> None:
        order = shipped_order()
        assert (order.id, order.authority) == ("tgi-paris-11-60013", "Tribunal de grande instance de Paris")
        assert (order.case_number, order.decided) == ("RG 11/60013", date(2013, 11, 28))
        assert order.legal_basis == "Code de la propriété intellectuelle, art. L336-2"
        assert order.applicants == ("APC", "FNDF", "SEVN", "UPF", "SPI")
        assert (order.natural_applicants, order.language, order.remedy, order.public_ids) == (0, "fr", None, ())
        assert order.territory is not None
        assert order.territory.startswith("France")

    @pytest.mark.parametrize(
        ("index", "kind", "addressees"),
        [
            (0, MeasureKind.DNS_BLOCK, "Orange, Bouygues Telecom, Numericable, Free, SFR, Darty Telecom"),
            (1, MeasureKind.DELIST, "Google, Microsoft, Yahoo, Orange"),
        ],
        ids=["block", "delist"],
    )
    def test_orders_the_same_sixteen_names_of_providers_and_search_engines(
        self, index: int, kind: MeasureKind, addressees: str
    ) -> None:
        measure = shipped_order().measures[index]
        assert measure.kind is kind
        assert [one.name for one in measure.addressees] == addressees.split(", ")
        assert {entry.name for entry in measure.listed} == {parse_name(name) for name in SIXTEEN}
        assert len(measure.listed) == len(SIXTEEN) == 16
        assert {entry.reach for entry in measure.listed} == {Reach.SUBTREE}
        assert measure.period == Lasts(Duration(months=12), PeriodStart.IMPLEMENTATION)
        assert measure.comply_within == Duration(days=15)

    def test_tells_what_happened_since(self) -> None:
        assert [(event.day, event.kind) for event in shipped_order().history] == [
            (date(2014, 1, 27), EventKind.IMPLEMENTED),
            (date(2016, 3, 15), EventKind.CONFIRMED),
            (date(2017, 7, 6), EventKind.CONFIRMED),
        ]

    @pytest.mark.parametrize("doubt", ["five", "six", "three", "four", "alloshotv", "Auchan Télécom", "mirror"])
    def test_says_what_is_uncertain(self, doubt: str) -> None:
        order = shipped_order()
        assert order.verified == "press accounts, not the full ruling"
        assert doubt in (order.notes or "")


def test_a_short_order_has_the_defaults() -> None:
    order = sound(order_text())
    measure = order.measures[0]
    assert (order.id, order.case_number, order.place) == ("a-1", "RG 1", Place("orders/a.yaml", 1, 8))
    assert (measure.id, measure.action, measure.timezone) == ("dns-block", Action.REDIRECT, "Europe/Paris")
    assert measure.period == Until(date(2027, 1, 31))
    assert measure.follow_cname
    assert next(iter(measure.listed)).place == Place("orders/a.yaml", 8, 13)


def test_a_long_measure_keeps_everything() -> None:
    extra = (
        "    id: block\n"
        '    addressees: [Free, {name: Caldo, siren: "123 456 789", served: 2026-02-01, timezone: Pacific/Noumea}]\n'
        "    redirect_to: {ipv4: 192.0.2.7, ipv6: '2001:DB8::0'}\n"
        "    comply_within: 24 hours\n"
        "    scope: exact\n"
        "    follow_cname: false\n"
        "    allow_alias: [Ok.example]\n"
        "    cannot_enforce: [{as_written: 'https://h.example/x', why: url}]\n"
    )
    names = (
        "    names: [x.example, {name: bücher.example, scope: subtree}]\n"
        "    lists: [{id: l, by: Arcom, received: 2026-02-03T10:12, names: [y.example]}]\n"
    )
    measure = sound(order_text(extra, names=names)).measures[0]
    assert measure.addressees == (
        Addressee("Free"),
        Addressee("Caldo", "123456789", date(2026, 2, 1), "Pacific/Noumea"),
    )
    assert measure.redirect_to == RedirectTarget("192.0.2.7", "2001:db8::")
    assert [(entry.as_written, entry.name, entry.reach) for entry in measure.listed] == [
        ("x.example", parse_name("x.example"), Reach.EXACT),
        ("bücher.example", parse_name("xn--bcher-kva.example"), Reach.SUBTREE),
        ("y.example", parse_name("y.example"), Reach.EXACT),
    ]
    assert (list(measure.listed)[2].lists, list(measure.listed)[2].received) == (("l",), datetime(2026, 2, 3, 10, 12))  # noqa: DTZ001  # local to the addressee
    assert (measure.lists[0].id, measure.lists[0].by) == ("l", "Arcom")
    assert (measure.follow_cname, measure.allow_alias) == (False, (parse_name("ok.example"),))
    assert (measure.cannot_enforce[0].as_written, measure.cannot_enforce[0].why) == ("https://h.example/x", "url")


@pytest.mark.parametrize(
    ("written", "period"),
    [
        ("{until: 2027-05-30, event: last match}", Until(date(2027, 5, 30), "last match")),
        ("{until: 2027-05-30T23:00}", Until(datetime(2027, 5, 30, 23))),  # noqa: DTZ001  # local to the addressee
        ("{unlimited: true, review_by: 2027-01-01}", Unlimited(date(2027, 1, 1))),
        ("{lasts: P12M, from: decision}", Lasts(Duration(months=12), PeriodStart.DECISION)),
        (
            "{lasts: 3 days, from: 2026-03-01, at_most: 2026-03-02}",
            Lasts(Duration(days=3), date(2026, 3, 1), date(2026, 3, 2)),
        ),
    ],
    ids=["until", "until an instant", "unlimited", "from the decision", "from a date"],
)
def test_periods(written: str, period: object) -> None:
    assert sound(order_text().replace("{until: 2027-01-31}", written)).measures[0].period == period


@pytest.mark.parametrize(
    ("names", "files"),
    [
        ("    names_file: n.txt\n", {"n.txt": b"\xef\xbb\xbf# a list\r\nx.example\r\n\r\ny.example # both\r\n"}),
        ("    names_file: n.txt\n", {"n.txt": b"0.0.0.0 x.example y.example\n"}),
        ("    names_file: {file: n.csv, column: 2}\n", {"n.csv": b"1;x.example\n2;y.example\n"}),
        (
            "    names_file: sub/n.csv\n",
            {"sub/n.csv": 'no,Domaine,"à, qui"\n1,x.example,a\n2,"y.example",b\n'.encode()},
        ),
        ("    lists: [{id: l, file: n.tsv, column: Wo}]\n", {"n.tsv": b"a\twO\nb\tx.example\nb\ty.example"}),
        ("    names: [x.example, x.example, X.EXAMPLE.]\n    names_file: n.txt\n", {"n.txt": b"y.example"}),
        (
            ("    names_file:\n      file: n.txt\n      sha256: CHECKSUM\n"),
            {"n.txt": b"x.example\ny.example\n"},
        ),
    ],
    ids=["plain with a byte order mark", "hosts", "csv by number", "csv by header", "tsv by name", "twice", "checksum"],
)
def test_files_of_names(names: str, files: dict[str, bytes]) -> None:
    names = names.replace("CHECKSUM", sha256(next(iter(files.values()))).hexdigest().upper())
    listed = sound(order_text(names=names), files).measures[0].listed
    assert [entry.name for entry in listed] == [parse_name("x.example"), parse_name("y.example")]


def test_a_name_in_a_file_stands_in_that_file() -> None:
    order = sound(order_text(names="    names_file: sub/n.txt\n"), {"sub/n.txt": b"\n  x.example\n"})
    assert next(iter(order.measures[0].listed)).place == Place("orders/sub/n.txt", 2, 3)


def test_a_bad_name_is_skipped_where_the_measure_says_so_and_kept_for_the_answer() -> None:
    order = sound(order_text("    on_bad_name: skip\n", names="    names: [x.example, 192.0.2.1]\n"))
    measure = order.measures[0]
    assert [entry.as_written for entry in measure.listed] == ["x.example"]
    assert [entry.as_written for entry in measure.cannot_enforce] == ["192.0.2.1"]
    assert str(measure.skipped[0]).startswith("orders/a.yaml:8:24: '192.0.2.1' is an IP address")


def period(text: str) -> str:
    """Write an order with another period."""
    return order_text().replace("{until: 2027-01-31}", text)


def history(*events: str) -> str:
    """Write an order with a history that begins in line 10."""
    return order_text(after="history:\n" + "".join(f"  - {{date: {event}}}\n" for event in events))


FILES = {
    "empty.txt": b"# nothing\n",
    "two.txt": b"x.example\ny.example z.example\n",
    "url.txt": b"x.example\n\n http://y.example/\n",
    "n.csv": b"a;b\nx.example;1\n",
    "short.csv": b"n;domain\n1;x.example\n2\n",
    "latin.txt": b"x.example\n\xe9.example\n",
}

COMPLAINTS: dict[str, tuple[str, list[str]]] = {
    "an empty file": ("", ["1:1: empty: an order file begins with `order:`, its id"]),
    "a list": ("[]", ["1:1: must be keys and values, one 'key: value' a line"]),
    "everything missing": (
        "title: x\n",
        [
            "1:1: `authority` (or `court`) is missing: add who decided",
            "1:1: `case_number` is missing: add it. The authority's number of the case.",
            "1:1: `decided` is missing: add it. The day of the decision.",
            "1:1: `measures` is missing: add it. What it demands, and of whom.",
            "1:1: `order` is missing: add it. Our id of the order: never changed, never reused.",
        ],
    ),
    "no measure": (HEAD + "measures: []\n", ["5:11: `measures`: is empty: write something or remove the key"]),
    "a bad id": (
        order_text().replace("a-1", "A 1"),
        ["1:8: `order`: 'A 1' is no id: use a-z, 0-9, '.', '_' and '-', beginning with a letter or digit"],
    ),
    "a merge key": (
        order_text(head="<<: {title: x}\n"),
        [
            (
                "5:1: unknown key `<<`: known here: allow_protected, applicants, authority, case_number, confidential, "
                "court, decided, documents, enforceable, history, language, legal_basis, measures, nature, not_ours, "
                "notes, order, public_ids, remedy, sources, territory, title, verified"
            )
        ],
    ),
    "a key with a typing error": (order_text(head="titel: x\n"), ["5:1: unknown key `titel`: did you mean `title`?"]),
    "a key given twice": (
        order_text(head="order: b\n"),
        ["5:1: key 'order' stands here again (first in line 1): keep one of the two"],
    ),
    "two words for the authority": (
        order_text(head="court: b\n"),
        ["5:1: `court` and `authority` are two words for one thing: keep one"],
    ),
    "a key without a value": (
        order_text(head="title:\n"),
        ["5:1: `title`: has no value: write one, or remove the line"],
    ),
    "text for a list": (
        order_text(head="applicants: APC\n"),
        ["5:13: `applicants`: must be a list: write [a, b], or one '- item' a line"],
    ),
    "an applicant without a name": (
        order_text(head="applicants: [APC, {natural_person: false}]\n"),
        ["5:19: an applicant without `name`: add it, or `natural_person: true`"],
    ),
    "a language that is none": (
        order_text(head="language: French!\n"),
        ["5:11: `language`: 'French!' is no language tag: write fr, or de-BE"],
    ),
    "a public id with a blank": (
        order_text(head="public_ids: [{db: lumen, id: 'a b'}]\n"),
        ["5:30: `id`: 'a b' is no id: use at most a hundred letters, digits, and ._~:/-"],
    ),
    "a list for text": (order_text(head="applicants: [a, [b]]\n"), ["5:17: `applicants`: must be text"]),
    "yes for true": (
        order_text(head="confidential: yes\n"),
        ["5:15: `confidential`: 'yes' is neither true nor false"],
    ),
    "another nature": (
        order_text(head="nature: decree\n"),
        ["5:9: `nature`: 'decree' is not one of 'judgment', 'interim' or 'administrative'"],
    ),
    "a French date": (
        order_text().replace("2026-01-31", "31/01/2026", 1),
        ["4:10: `decided`: '31/01/2026' is no date: write 2026-01-31 if this is day, month, year"],
    ),
    "a day on no calendar": (
        order_text().replace("2026-01-31", "2026-02-30", 1),
        ["4:10: `decided`: '2026-02-30' is on no calendar (day is out of range for month): correct it"],
    ),
    "seconds for a date": (
        order_text().replace("2026-01-31", "1385596800", 1),
        ["4:10: `decided`: '1385596800' is no date: write year-month-day, like 2013-11-28"],
    ),
    "no period": (
        order_text().replace("    period: {until: 2027-01-31}\n", ""),
        ["6:5: `period` is missing: add it. From when until when; a measure without a period is refused."],
    ),
    "a period in one word": (
        period("12 months"),
        [
            (
                "7:13: `period`: says no end: write {lasts: 12 months, from: implementation}, {until: 2027-05-30}, "
                "or {unlimited: true, review_by: 2027-01-31}"
            )
        ],
    ),
    "a duration in words that nobody can count": (
        period("{lasts: twelve months, from: decision}"),
        ["7:21: `lasts`: 'twelve months' is no duration: write it like `12 months`, `15 days`, `24 hours` or `P12M`"],
    ),
    "a period from nowhere": (
        period("{lasts: 12 months}"),
        [
            (
                "7:13: `from` is missing: add it. From when: implementation, service, decision, or a date. "
                "Days and months do not count that day."
            )
        ],
    ),
    "a period from an unknown fact": (
        period("{lasts: 12 months, from: signature}"),
        [
            (
                "7:38: `from`: 'signature' is no date: write year-month-day, like 2013-11-28, "
                "or implementation, service or decision"
            )
        ],
    ),
    "a period from service without a date": (
        period("{lasts: 12 months, from: service}"),
        ["7:38: counts from service, but no addressee has `served:`: add the date"],
    ),
    "hours and days": (
        period("{lasts: P1DT3H, from: decision}"),
        ["7:21: `lasts`: 'P1DT3H' mixes hours with days: hours run from an instant, days end at midnight; use one"],
    ),
    "two kinds of period": (
        period("{until: 2027-01-31, unlimited: true}"),
        ["7:33: `unlimited` does not go with the other keys here: keep one form"],
    ),
    "unlimited without a review": (
        period("{unlimited: true}"),
        ["7:13: `review_by` is missing: add it. The day by which somebody must look at the order again."],
    ),
    "for ever": (
        period("{until: 9999-12-31}"),
        ["7:21: `until`: 9999-12-31 is not from 1900 to 2199: correct it; for ever is `unlimited: true`"],
    ),
    "an end before the decision": (
        period("{until: 2025-01-31}"),
        ["7:21: 2025-01-31 is before the decision of 2026-01-31: correct it"],
    ),
    "no names": (order_text(names=""), ["6:5: a measure without names: add `names`, `names_file` or `lists`"]),
    "an empty list of names": (
        order_text(names="    names: []\n"),
        ["8:5: lists no name at all: an empty list is refused, complete or remove it"],
    ),
    "an empty file of names": (
        order_text(names="    names_file: empty.txt\n"),
        ["8:17: lists no name at all: an empty list is refused, complete or remove it"],
    ),
    "a list of nothing": (
        order_text(names="    lists: [{id: l}]\n"),
        ["8:13: lists no name at all: an empty list is refused, complete or remove it"],
    ),
    "no name without a value": (
        order_text(names="    names: [~]\n"),
        ["8:13: `names`: has no value: write one, or remove the line"],
    ),
    "a URL and an address": (
        order_text(names="    names: ['http://x.example/a', 192.0.2.1]\n"),
        [
            (
                "8:13: 'http://x.example/a' is a URL: list the host name if the order names the whole host, "
                "else put it under cannot_enforce"
            ),
            "8:35: '192.0.2.1' is an IP address, which DNS cannot block: put it under cannot_enforce",
        ],
    ),
    "only names that are skipped": (
        order_text("    on_bad_name: skip\n", names="    names: [192.0.2.1]\n"),
        ["6:5: none of the listed texts is a name: complete the list"],
    ),
    "a name with two reaches": (
        order_text(names="    names: [x.example, {name: X.example, scope: exact}]\n"),
        ["8:24: 'X.example' is exact here and subtree at orders/a.yaml:8:13: keep one of the two"],
    ),
    "a name in an unknown form": (
        order_text(names="    names: [{nam: x.example}]\n"),
        [
            "8:13: `name` is missing: add it. The name as the order spells it, in letters or as an A-label (xn--…).",
            "8:14: unknown key `nam`: did you mean `name`?",
        ],
    ),
    "a missing file": (
        order_text(names="    names_file: n.txt\n"),
        ["8:17: 'n.txt' cannot be read (No such file or directory): put it beside the order file"],
    ),
    "a file elsewhere": (
        order_text(names="    names_file: ../n.txt\n"),
        ["8:17: '../n.txt' leads out of the order's folder: put the file beside the order"],
    ),
    "a checksum that is none": (
        order_text(names="    names_file: {file: n.csv, sha256: abc}\n"),
        ["8:39: `sha256`: 'abc' is no SHA-256: it has 64 hexadecimal digits (`sha256sum FILE` prints it)"],
    ),
    "another file": (
        order_text(names=f"    names_file: {{file: empty.txt, sha256: {'0' * 64}}}\n"),
        [
            (
                "8:24: 'empty.txt' has SHA-256 5e49ea838dc30f3eeacf6ca7815f6e3adcf77f467a970d978676790fd90377e1, "
                "not the one given: find out which file is the right one"
            )
        ],
    ),
    "two lists of one id": (
        order_text(names="    lists: [{id: l, names: [x.example]}, {id: l, names: [y.example]}]\n"),
        ["8:47: a second list 'l': give each an `id:` of its own"],
    ),
    "a list received before the decision": (
        order_text(names="    lists: [{id: l, names: [x.example], received: 2025-01-01}]\n"),
        ["8:51: received before the decision of 2026-01-31: correct one of the two"],
    ),
    "nxdomain with exact": (
        order_text("    action: nxdomain\n    scope: exact\n"),
        [
            (
                "8:13: 'x.example': `action: nxdomain` denies all below too (RFC 8020), which `scope: exact` does not: "
                "use `action: nodata`"
            )
        ],
    ),
    "another action": (
        order_text("    action: block\n"),
        ["9:13: `action`: 'block' is not one of 'redirect', 'nxdomain', 'nodata', 'refused' or 'drop'"],
    ),
    "a page for an answer without one": (
        order_text("    action: nodata\n    redirect_to: {ipv4: 192.0.2.1}\n"),
        ["10:5: `redirect_to` with `action: nodata`: remove one of the two"],
    ),
    "a NUL": (
        HEAD.replace("A court", '"A\\0court"') + order_text().removeprefix(HEAD),
        ["2:12: control character U+0000, written as an escape: remove it"],
    ),
    "pages without address": (
        order_text("    redirect_to: {ipv4: 192.0.2.999, ipv6: x}\n"),
        ["9:25: '192.0.2.999' is no IPv4 address: correct it", "9:44: 'x' is no IPv6 address: correct it"],
    ),
    "a page at no host's address": (
        order_text("    redirect_to: {ipv4: 0.0.0.0, ipv6: 'ff02::1'}\n"),
        [
            "9:25: no page can stand at 0.0.0.0, which is not the address of one host: correct it",
            "9:40: no page can stand at ff02::1, which is not the address of one host: correct it",
        ],
    ),
    "a page on an interface of ours": (
        order_text("    redirect_to: {ipv6: 'fe80::1%lo'}\n"),
        ["9:25: 'fe80::1%lo' names an interface of this host, which nobody else has: correct it"],
    ),
    "no page": (order_text("    redirect_to: {}\n"), ["9:18: `redirect_to` names no address: add `ipv4:` or `ipv6:`"]),
    "no time zone": (
        order_text("    timezone: ../Paris\n"),
        ["9:15: `timezone`: '../Paris' is no time zone: use a name of the IANA database like Europe/Paris"],
    ),
    "a wildcard alias": (
        order_text("    allow_alias: ['*.x.example']\n"),
        [
            (
                "9:19: '*.x.example' is a wildcard: write the name without `*.` and say `scope: subtree` "
                "if the order names it and all below, else put it under cannot_enforce"
            )
        ],
    ),
    "half a SIREN": (
        order_text("    addressees: [{name: Free, siren: '12'}]\n"),
        ["9:38: `siren`: '12' is no SIREN number: it has nine digits"],
    ),
    "text for something that DNS cannot do": (
        order_text("    cannot_enforce: [x]\n"),
        ["9:22: `cannot_enforce`: must be keys and values, one 'key: value' a line"],
    ),
    "two measures of one id": (
        order_text(after="  - kind: dns-block\n    period: {until: 2027-01-31}\n    names: [y.example]\n"),
        ["9:5: a second measure 'dns-block': give each an `id:` of its own"],
    ),
    "an override of a name that is not there": (
        order_text(head="allow_protected: [{name: y.example, why: z}]\n"),
        ["5:26: 'y.example' is not listed by this order: remove the entry or correct the name"],
    ),
    "an event before the decision": (
        history("2025-01-01, event: lifted"),
        ["10:12: 2025-01-01 is before the decision of 2026-01-31: correct one of the two dates"],
    ),
    "an event of no measure": (
        history("2026-02-01, event: lifted, measure: blok"),
        ["10:48: no measure 'blok' in this order: it has dns-block"],
    ),
    "a word processor's quotes around a text": (
        order_text().replace("A court", "“Tribunal judiciaire de Lyon”").replace("RG 1", "« RG 1 »"),
        [
            f"{key} stands in a word processor's quotation marks, which people would see: remove them"
            for key in ("2:12: `authority`: '“Tribunal judiciaire de Lyon”'", "3:14: `case_number`: '« RG 1 »'")
        ],
    ),
    "an event of another list": (
        order_text(
            names="    lists: [{id: l, names: [x.example]}, {id: m, names: [y.example]}]\n",
            after="history: [{date: 2026-02-01, event: names-removed, list: m, names: [x.example]}]\n",
        ),
        ["9:69: 'x.example' is not in list 'm', but in 'l': correct `list:`, or leave it out if all are meant"],
    ),
    "an event of no list": (
        history("2026-02-01, event: lifted, list: l"),
        ["10:45: no list 'l' here: there is none"],
    ),
    "an event of all names by a slip": (
        history("2026-02-01, event: lifted, names: "),
        ["10:39: `names`: has no value: write one, or remove the line"],
    ),
    "an event of no names": (
        history("2026-02-01, event: lifted, names: []"),
        ["10:46: lists no name: write the names, or remove the key if all are meant"],
    ),
    "a removal of nothing": (
        history("2026-02-01, event: names-removed"),
        ["10:31: names-removed says no names: add `names:` or `list:`"],
    ),
    "a removal of a misspelt name": (
        history("2026-02-01, event: names-removed, names: [xx.example]"),
        [
            (
                "10:54: 'xx.example' is not listed: did you mean 'x.example'? Otherwise add it: the list keeps every "
                "name, also one that is added or removed here"
            )
        ],
    ),
    "a removal of an unknown name": (
        history("2026-02-01, event: names-removed, names: [other.test]"),
        [
            "10:54: 'other.test' is not listed: the list keeps every name, also one that is added or removed here",
        ],
    ),
    "an implementation of some names": (
        history("2026-02-01, event: implemented, names: [x.example]"),
        ["10:31: implemented concerns a whole measure: remove `names:` and `list:`"],
    ),
    "two implementations": (
        history("2026-02-01, event: implemented", "2026-02-02, event: implemented"),
        ["11:5: implemented a second time (first at orders/a.yaml:10:5): a measure has one implementation, keep one"],
    ),
    "an end moved nowhere": (
        history("2026-02-01, event: end-moved"),
        ["10:31: end-moved says no new end: add `until:`, the new last day"],
    ),
    "an end of a lift": (
        history("2026-02-01, event: lifted, until: 2026-03-01"),
        ["10:46: lifted has no `until`: remove it, or is it suspended or end-moved?"],
    ),
    "a suspension that ends before it begins": (
        history("2026-02-01, event: suspended, until: 2026-01-31"),
        ["10:49: 2026-01-31 is before the event itself (2026-02-01): correct one of the two dates"],
    ),
    "a resumption of nothing": (
        history("2026-02-01, event: resumed"),
        ["10:5: resumed, but nothing was suspended before: correct the date or remove the entry"],
    ),
    "a resumption of all where single names were suspended": (
        history("2026-02-01, event: suspended, names: [x.example]", "2026-02-02, event: resumed"),
        ["11:5: resumed as a whole, but only single names were suspended: say which with `names:` or `list:`"],
    ),
    "an end moved after a lift": (
        history("2026-02-01, event: lifted", "2026-02-02, event: end-moved, until: 2026-09-09"),
        [
            (
                "11:5: end-moved after the measure was lifted (orders/a.yaml:10:5): "
                "a new decision is a new order with a file of its own"
            )
        ],
    ),
}


@pytest.mark.parametrize(("text", "said"), COMPLAINTS.values(), ids=COMPLAINTS.keys())
def test_what_the_operator_reads(text: str, said: list[str]) -> None:
    assert complaints(text, FILES) == [f"orders/a.yaml:{what}" for what in said]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("two.txt", "orders/two.txt:2:11: a second word: one name a line, comments behind '#'"),
        (
            "url.txt",
            (
                "orders/url.txt:3:2: 'http://y.example/' is a URL: list the host name if the order names the whole "
                "host, else put it under cannot_enforce"
            ),
        ),
        (
            "n.csv",
            "orders/n.csv:1:1: which column holds the names? Add `column:` with one of a, b, or a number from 1",
        ),
        (
            "{file: n.csv, column: z}",
            "orders/n.csv:1:1: no column 'z' here: `column` is one of a, b, or a number from 1",
        ),
        ("short.csv", "orders/short.csv:3:1: has no column 2: complete the row"),
        ("latin.txt", "orders/latin.txt:2:1: octet 0xE9 is not UTF-8: save the file as UTF-8"),
    ],
    ids=["two words", "a URL", "an unknown column", "no such column", "a short row", "Latin-1"],
)
def test_what_the_operator_reads_about_a_file_of_names(names: str, said: str) -> None:
    *totals, complaint = complaints(order_text(names=f"    names_file: {names}\n"), FILES)
    assert complaint == said
    assert all("1 line rejected" in each for each in totals)


def test_all_problems_are_told_at_once() -> None:
    text = order_text(head="titel: x\nnature: decree\n", names="    names: [{nam: x}]\n").replace("RG 1", "[]")
    assert [problem.split(": ")[0] for problem in complaints(text)] == [
        f"orders/a.yaml:{place}" for place in ("3:14", "5:1", "6:9", "10:13", "10:14")
    ]


def test_text_in_the_history_of_no_order_makes_half_an_order() -> None:
    assert not isinstance(read(history("2025-01-01, event: lifted")), Order)


def test_quotes_within_a_text_stay() -> None:
    title = "“Un” contre “deux”"
    assert sound(order_text(head=f"title: {title}\n")).title == title


class TestWhatSubscribersAreTold:
    def test_of_natural_persons_only_the_number_is_kept(self) -> None:
        head = "applicants: [APC, {name: Jane Doe, natural_person: true}, {natural_person: true}, {name: FNDF}]\n"
        order = sound(order_text(head=head))
        assert order.applicants == ("APC", "FNDF")
        assert order.natural_applicants == 2
        assert "Jane" not in repr(order)

    def test_remedy_language_and_public_ids_are_read(self) -> None:
        head = "remedy: Einspruch\nlanguage: de-BE\npublic_ids: [{db: lumen, id: '123/4'}]\n"
        order = sound(order_text(head=head))
        assert (order.remedy, order.language) == ("Einspruch", "de-BE")
        assert order.public_ids == (PublicId("lumen", "123/4"),)
