"""What a client network may have in a second, and what becomes of the rest."""

from ipaddress import ip_address

import dns.edns
import dns.flags
import dns.message
import dns.rrset
import pytest

from resolver.core.rate_limit import Kind, RateLimiter, Rates, Sending, truncate

WHOLE, LOGGED, TRUNCATED, NOT_AT_ALL = Sending


def reply(name: str = "a.example", rdtype: str = "A", rcode: int = 0) -> bytes:
    message = dns.message.make_response(dns.message.make_query(name, rdtype, id=1, use_edns=0))
    message.set_rcode(rcode)  # type: ignore[arg-type]  # a plain number
    return message.to_wire()


def packed(address: str) -> bytes:
    return ip_address(address).packed


CLIENT = packed("192.0.2.1")


def judge(limiter: RateLimiter, *replies: bytes, client: bytes = CLIENT, now: float = 100.0) -> list[Sending]:
    return [limiter.judge(Kind.RESPONSE, each, client, now) for each in replies]


def test_of_a_thousand_in_a_second_so_many_leave_whole_and_few_truncated() -> None:
    limiter = RateLimiter(Rates(responses=20, slip=4))
    told = [limiter.judge(Kind.RESPONSE, reply(), CLIENT, 100.0 + number / 1_000) for number in range(1_000)]
    assert told.count(WHOLE) == 20
    assert told.count(TRUNCATED) == 980 // 4
    assert told.count(NOT_AT_ALL) == 1_000 - 20 - 980 // 4


def test_a_bucket_is_full_again_after_a_second() -> None:
    limiter = RateLimiter(Rates(responses=1, slip=0))
    assert [judge(limiter, reply(), now=now) for now in (1.0, 1.999, 2.0, 2.5)] == [
        [WHOLE], [NOT_AT_ALL], [WHOLE], [NOT_AT_ALL],
    ]  # fmt: skip  # one line


@pytest.mark.parametrize(
    ("slip", "expected"),
    [
        pytest.param(0, [NOT_AT_ALL] * 4, id="never"),
        pytest.param(1, [TRUNCATED] * 4, id="each"),
        pytest.param(2, [NOT_AT_ALL, TRUNCATED] * 2, id="every second"),
    ],
)
def test_how_many_slip(slip: int, expected: list[Sending]) -> None:
    limiter = RateLimiter(Rates(responses=1, slip=slip))
    assert judge(limiter, *[reply()] * 5) == [WHOLE, *expected]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(reply("b.example"), id="another name"),
        pytest.param(reply(rdtype="AAAA"), id="another type"),
        pytest.param(reply(rcode=3), id="another response code"),
    ],
)
def test_another_answer_has_a_bucket_of_its_own(other: bytes) -> None:
    limiter = RateLimiter(Rates(responses=1, slip=0))
    assert judge(limiter, reply(), other, reply(), other) == [WHOLE, WHOLE, NOT_AT_ALL, NOT_AT_ALL]


def test_letter_case_makes_no_difference() -> None:
    limiter = RateLimiter(Rates(responses=1, slip=0))
    assert judge(limiter, reply("a.example"), reply("A.exAMPLE")) == [WHOLE, NOT_AT_ALL]


@pytest.mark.parametrize(
    ("one", "other", "prefixes", "together"),
    [
        ("192.0.2.1", "192.0.2.254", (24, 56), True),
        ("192.0.2.1", "192.0.3.1", (24, 56), False),
        ("192.0.2.1", "192.0.3.1", (23, 56), True),
        ("192.0.2.1", "192.0.2.2", (32, 56), False),
        ("2001:db8:0:100::1", "2001:db8:0:1ff::9", (24, 56), True),
        ("2001:db8:0:100::1", "2001:db8:0:200::1", (24, 56), False),
        ("2001:db8::1", "2001:db8::2", (24, 128), False),
    ],
)
def test_a_network_shares_a_bucket(one: str, other: str, prefixes: tuple[int, int], together: bool) -> None:  # noqa: FBT001 - a row's
    limiter = RateLimiter(Rates(responses=1, slip=0, ipv4_prefix=prefixes[0], ipv6_prefix=prefixes[1]))
    judge(limiter, reply(), client=packed(one))
    assert judge(limiter, reply(), client=packed(other)) == [NOT_AT_ALL if together else WHOLE]


def test_where_limits_are_only_tried_everything_leaves() -> None:
    limiter = RateLimiter(Rates(responses=1, log_only=True))
    assert judge(limiter, *[reply()] * 3) == [WHOLE, LOGGED, LOGGED]


@pytest.mark.parametrize(("kind", "rate"), [(Kind.ERROR, 7), (Kind.REFUSAL, 3)])
def test_errors_and_refusals_count_together_and_never_slip(kind: Kind, rate: int) -> None:
    limiter = RateLimiter(Rates(errors=7, refusals=3, log_only=True))
    told = [limiter.judge(kind, reply(f"n{number}.example"), CLIENT, 1.0) for number in range(10)]
    assert told == [WHOLE] * rate + [NOT_AT_ALL] * (10 - rate)


def test_there_are_so_many_buckets_and_no_more() -> None:
    limiter = RateLimiter(Rates(responses=1), most=10)
    for number in range(25):
        judge(limiter, reply(f"n{number}.example"))
    assert len(limiter) == 5


@pytest.mark.parametrize("want_dnssec", [False, True])
@pytest.mark.parametrize("edns", [False, True])
def test_a_truncated_reply_is_no_longer_than_its_query(edns: bool, want_dnssec: bool) -> None:  # noqa: FBT001 - a row's
    query = dns.message.make_query("WWW.a.example", "A", use_edns=0 if edns else -1, want_dnssec=edns and want_dnssec)
    whole = dns.message.make_response(query, our_payload=1_232)
    whole.want_dnssec(edns and want_dnssec)
    whole.flags |= dns.flags.AD | dns.flags.RA
    whole.answer.append(dns.rrset.from_text("www.a.example.", 60, "IN", "A", "192.0.2.7", "192.0.2.8"))
    cut = dns.message.from_wire(truncate(whole.to_wire()))
    assert len(truncate(whole.to_wire())) <= len(query.to_wire())
    assert (cut.id, cut.question, cut.answer) == (query.id, query.question, [])
    assert bool(cut.flags & dns.flags.TC)
    assert not cut.flags & dns.flags.AD
    assert (cut.edns, cut.ednsflags) == (query.edns, query.ednsflags)


@pytest.mark.parametrize("name", [r"a\000b.example", "a.example", "."])
@pytest.mark.parametrize("answers", [0, 2])
@pytest.mark.parametrize("option", [b"\0\0\x29\x04\xd0\0\0\0" + bytes(16), b"\0\0\x29\x04\xd0\x80", b""])
def test_octets_that_look_like_an_opt_record_or_an_end_are_none(name: str, answers: int, option: bytes) -> None:
    query = dns.message.make_query(name, "A", use_edns=0, want_dnssec=True)
    options: list[dns.edns.Option] = [dns.edns.GenericOption(dns.edns.OptionType.COOKIE, option)]
    whole = dns.message.make_response(query, our_payload=1_232)
    whole.use_edns(0, dns.flags.DO, 1_232, options=options)
    if answers:
        whole.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "192.0.2.7", "192.0.2.8"))
    cut = dns.message.from_wire(truncate(whole.to_wire()))
    assert (cut.question, cut.answer, cut.ednsflags, cut.options) == (query.question, [], int(dns.flags.DO), ())
