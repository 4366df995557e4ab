"""From an address as a socket gives it to a view, remembered within a bound."""

import pytest

from resolver.core.admission import ALLOWED, REMEMBERED, STRANGER, Admission, View
from resolver.net.client_views import ClientViews


@pytest.mark.parametrize(
    ("host", "view"),
    [
        ("10.1.2.3", ALLOWED),
        ("192.0.2.1", STRANGER),
        ("::1", ALLOWED),
        ("::ffff:10.1.2.3", ALLOWED),
        ("2001:db8::1", STRANGER),
        ("fe80::1%eth0", ALLOWED),
        ("0.0.0.0", None),
        ("::", None),
        ("224.0.0.251", None),
        ("ff02::fb%eth0", None),
        ("255.255.255.255", None),
    ],
)
def test_views(host: str, view: View | None) -> None:
    views = ClientViews(Admission(["10.0.0.0/8", "::1", "fe80::/10"]))
    assert views[host] is view
    assert views[host] is view


def test_the_memory_is_bounded() -> None:
    views = ClientViews(Admission(["10.0.0.0/8"]))
    for number in range(REMEMBERED + 10):
        assert views[f"10.0.{number >> 8}.{number & 255}"] is ALLOWED
    assert len(views) == 10
