"""The short way of reading a name without escapes and the long way that knows them agree."""

from hypothesis import given
from hypothesis import strategies as st

from resolver.dns.name import BadNameError, WireName, parse_name


def read(text: str) -> WireName | str:
    try:
        return parse_name(text)
    except BadNameError as error:
        return str(error)


@given(
    st.text(alphabet=st.sampled_from("aB-_.9 \x00\t*é"), max_size=12)
    | st.lists(st.integers(0, 70)).map(lambda sizes: ".".join("x" * size for size in sizes))
)
def test_an_escape_changes_the_way_but_not_the_name(text: str) -> None:
    escaped = text.replace("a", "\\097").replace("x", "\\120", 1)
    if escaped != text:
        assert read(escaped) == read(text)
