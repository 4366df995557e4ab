"""Server cookies: the examples of RFC 9018, and what is accepted for how long, in both forms."""

from ipaddress import ip_address

import pytest

from resolver.core.cookies import AHEAD, OLDEST, REMEMBERED, RENEWED, Algorithm, Cookies

ADDRESS = ip_address("198.51.100.100").packed
OTHER = ip_address("198.51.100.101").packed
SECRET = bytes.fromhex("e5e973e5a6b2a43f48e7dc849e37bfcf")
NEXT = bytes.fromhex("445536bcd2513298075a5d379663c962")
MINE = bytes.fromhex("2464c4abcf10c957")
START = 1_559_731_985
BOTH = pytest.mark.parametrize("algorithm", ["blake2s", "siphash"])


class Clock:
    """POSIX seconds, set by hand."""

    def __init__(self, wall: float = START) -> None:
        self.wall = wall

    def __call__(self) -> float:
        return self.wall


def cookies(clock: Clock, algorithm: Algorithm = "blake2s", *secrets: bytes) -> Cookies:
    return Cookies(secrets or (SECRET,), clock, algorithm=algorithm, required=False)


@pytest.mark.parametrize(
    ("client", "secrets", "wall", "sent", "cookie", "good"),
    [
        pytest.param(
            "198.51.100.100",
            ["e5e973e5a6b2a43f48e7dc849e37bfcf"],
            1_559_731_985,
            "2464c4abcf10c957",
            "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
            False,
            id="A.1, learning one",
        ),
        pytest.param(
            "198.51.100.100",
            ["e5e973e5a6b2a43f48e7dc849e37bfcf"],
            1_559_734_385,
            "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
            "2464c4abcf10c957010000005cf7a871d4a564a1442aca77",
            True,
            id="A.2, after forty minutes",
        ),
        pytest.param(
            "203.0.113.203",
            ["e5e973e5a6b2a43f48e7dc849e37bfcf"],
            1_559_734_700,
            "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
            "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e",
            False,
            id="A.3, of two hours ago",
        ),
        pytest.param(
            "2001:db8:220:1:59de:d0f4:8769:82b8",
            ["445536bcd2513298075a5d379663c962", "dd3bdf9344b678b185a6f5cb60fca715"],
            1_559_741_961,
            "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
            "22681ab97d52c298010000005cf7c609a6bb79d16625507a",
            True,
            id="A.4, IPv6 and the secret before",
        ),
    ],
)
def test_the_examples_of_rfc_9018(
    client: str,
    secrets: list[str],
    wall: int,
    sent: str,
    cookie: str,
    good: bool,  # noqa: FBT001 - a row's
) -> None:
    made = Cookies([bytes.fromhex(each) for each in secrets], Clock(wall), algorithm="siphash", required=False)
    assert made.heed(bytes.fromhex(sent), ip_address(client).packed) == (bytes.fromhex(cookie), good)


def test_reserved_bits_are_part_of_what_is_hashed() -> None:
    sent = bytes.fromhex("fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5")
    young = cookies(Clock(0x5CF78F71 + 60), "siphash")
    assert young.heed(sent, ip_address("203.0.113.203").packed) == (sent, True)


@BOTH
def test_a_cookie_is_good_for_its_client_only(algorithm: Algorithm) -> None:
    made = cookies(Clock(), algorithm)
    learned = made.heed(MINE, ADDRESS).cookie
    assert (len(learned), learned[:8]) == (24, MINE)
    assert made.heed(learned, ADDRESS) == (learned, True)
    assert not made.heed(learned, OTHER).good
    assert not made.heed(b"otherone" + learned[8:], ADDRESS).good


@BOTH
@pytest.mark.parametrize("place", range(8, 24))
def test_no_octet_of_a_cookie_can_be_changed(algorithm: Algorithm, place: int) -> None:
    made = cookies(Clock(), algorithm)
    learned = bytearray(made.heed(MINE, ADDRESS).cookie)
    learned[place] ^= 1
    assert not made.heed(bytes(learned), ADDRESS).good


@BOTH
@pytest.mark.parametrize(
    ("age", "good", "same"),
    [
        pytest.param(0, True, True, id="at once"),
        pytest.param(RENEWED - 1, True, True, id="young"),
        pytest.param(RENEWED, True, False, id="to be renewed"),
        pytest.param(OLDEST, True, False, id="as old as may be"),
        pytest.param(OLDEST + 1, False, False, id="too old"),
        pytest.param(-AHEAD, True, True, id="from a clock ahead"),
        pytest.param(-AHEAD - 1, False, False, id="from the future"),
    ],
)
def test_a_cookie_grows_old(algorithm: Algorithm, age: int, good: bool, same: bool) -> None:  # noqa: FBT001 - a row's
    clock = Clock()
    learned = cookies(clock, algorithm).heed(MINE, ADDRESS).cookie
    clock.wall += age
    heeded = cookies(clock, algorithm).heed(learned, ADDRESS)
    assert (heeded.good, heeded.cookie == learned) == (good, same)


def test_a_cookie_that_is_remembered_grows_old_all_the_same() -> None:
    clock = Clock()
    made = cookies(clock)
    learned = made.heed(MINE, ADDRESS).cookie
    assert made.heed(learned, ADDRESS).cookie == learned
    clock.wall += RENEWED
    renewed = made.heed(learned, ADDRESS)
    assert renewed.good
    assert renewed.cookie != learned
    clock.wall += OLDEST
    assert not made.heed(learned, ADDRESS).good


def test_time_stamps_may_wrap_around() -> None:
    clock = Clock(2**32 - 10)
    made = cookies(clock)
    learned = made.heed(MINE, ADDRESS).cookie
    clock.wall += 60
    assert made.heed(learned, ADDRESS).good


@BOTH
def test_a_secret_is_replaced_in_three_steps(algorithm: Algorithm) -> None:
    clock = Clock()
    old = cookies(clock, algorithm, SECRET, NEXT)
    new = cookies(clock, algorithm, NEXT, SECRET)
    of_old, of_new = old.heed(MINE, ADDRESS).cookie, new.heed(MINE, ADDRESS).cookie
    assert of_old != of_new
    assert all(made.heed(learned, ADDRESS).good for made in (old, new) for learned in (of_old, of_new))
    assert not cookies(clock, algorithm, NEXT).heed(of_old, ADDRESS).good


@pytest.mark.parametrize("length", [16, 23, 25, 40])
def test_another_length_is_another_servers(length: int) -> None:
    heeded = cookies(Clock()).heed(MINE + bytes(length - 8), ADDRESS)
    assert (heeded.good, heeded.cookie[:8], len(heeded.cookie)) == (False, MINE, 24)


def test_each_form_refuses_the_others() -> None:
    clock = Clock()
    for one, other in (("blake2s", "siphash"), ("siphash", "blake2s")):
        learned = cookies(clock, one).heed(MINE, ADDRESS).cookie  # type: ignore[arg-type]  # names of the forms
        assert not cookies(clock, other).heed(learned, ADDRESS).good  # type: ignore[arg-type]  # names of the forms


def test_the_memory_of_good_cookies_is_bounded() -> None:
    made = cookies(Clock())
    for number in range(REMEMBERED + 10):
        client = number.to_bytes(4, "big")
        made.heed(made.heed(MINE, client).cookie, client)
    assert len(made._good) == 10
