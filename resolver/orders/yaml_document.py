"""How a YAML file becomes plain values that still know where they stood: ``NO`` stays Norway, every key counts once.

Scalars stay text, except that plain ``true`` and ``false`` are booleans and plain ``null``, ``~`` or nothing is None.
What YAML allows and a reader would stumble over is refused: keys given twice, aliases of whole sections, tags, several
documents, control characters, written as escapes or not.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import yaml

from resolver.orders.model import Place, Problem

MAX_OCTETS = 64 * 1024 * 1024
MAX_DEPTH = 50
"""libyaml's composer calls itself for each level and overflows the stack of the process somewhere above 1 000."""

_TEXT, _BOOL, _NULL = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "bool", "null"))
_CONTAINERS = ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Extent(NamedTuple):
    """Where a collection stands in the text of its file, in characters, and how new members of it are written.

    Its first member, or its bracket, stands in ``column``; ``end`` is behind its last member, or behind the opening
    bracket. ``flow`` tells that it stands between brackets.
    """

    end: int
    column: int
    flow: bool
    empty: bool


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """The values of one YAML file and the way back to where each one stood.

    ``value`` is made of dict, list, str, bool and None; keys are str. An empty file's value is None.
    """

    file: str
    value: object
    root: yaml.Node | None

    def place(self, path: Sequence[str | int], *, key: bool = False) -> Place:
        """Tell where the value at a path of keys and positions stands; with ``key``, where its key stands.

        Where the path leads nowhere, the nearest value above it that exists answers.
        """
        found = self.root
        for index, step in enumerate(path):
            child = _child(found, step)
            if child is None:
                break
            found = child.key if key and child.key is not None and index == len(path) - 1 else child.value
        return _place(self.file, found.start_mark) if found is not None else Place(self.file, 1, 1)

    def item_places(self, path: Sequence[str | int]) -> Iterator[Place]:
        """Yield where each item of the list at a path stands; one walk down for lists of a million names."""
        found = self.root
        for step in path:
            child = _child(found, step)
            found = child.value if child is not None else None
        if isinstance(found, yaml.SequenceNode):
            for item in found.value:
                yield _place(self.file, item.start_mark)

    def extent(self, path: Sequence[str | int]) -> Extent | None:
        """Tell where the list or mapping at a path stands; None if there is no such thing."""
        found = self.root
        for step in path:
            child = _child(found, step)
            found = child.value if child is not None else None
        if not isinstance(found, yaml.CollectionNode):
            return None
        start, flow, empty = found.start_mark, bool(found.flow_style), not found.value
        end = start.index + 1 if empty else _end(_last(found))
        return Extent(end, start.column, flow, empty)


def _last(node: yaml.CollectionNode) -> yaml.Node:
    last: yaml.Node | tuple[yaml.Node, yaml.Node] = node.value[-1]
    return last[1] if isinstance(last, tuple) else last


def _end(node: yaml.Node) -> int:
    """Tell where a value ends; the mark of a block collection stands where the next thing begins, behind comments."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style:
        node = _last(node)
    end: int = node.end_mark.index
    return end


def read_yaml(text: bytes, file: str) -> YamlDocument | tuple[Problem, ...]:
    """Read one YAML 1.1 document of at most 64 MiB; ``file`` is the name that problems carry."""
    decoded = read_text(text, file)
    if isinstance(decoded, Problem):
        return (decoded,)
    return compose(decoded, file)


def compose(decoded: str, file: str) -> YamlDocument | tuple[Problem, ...]:
    """Read what `read_text` decoded."""
    try:
        root = yaml.compose(decoded, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        return (_syntax_problem(error, file, decoded),)
    if root is None:
        return YamlDocument(file, None, None)
    problems: list[Problem] = []
    value = _Reading(file, problems, set()).value(root)
    return tuple(problems) or YamlDocument(file, value, root)


def read_text(text: bytes, file: str) -> str | Problem:
    """Decode a file that must hold no control characters but tabs and line ends, or say what is wrong with it."""
    decoded = decode(text, file)
    if isinstance(decoded, str) and (wrong := _UNREADABLE.search(decoded)):
        place = _place_after(file, decoded[: wrong.start()])
        return Problem(place, f"control character U+{ord(wrong[0]):04X}: remove it")
    return decoded


def decode(text: bytes, file: str) -> str | Problem:
    """Decode a file that must be UTF-8 text, with or without a byte order mark, or say what is wrong with it."""
    if len(text) > MAX_OCTETS:
        return Problem(Place(file, 1, 1), f"larger than {MAX_OCTETS // 1024**2} MiB: divide it into several files")
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Problem(Place(file, 1, 1), "UTF-16 text: save it as UTF-8")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place_after(file, text[: error.start].decode(errors="replace"))
        return Problem(place, f"octet 0x{text[error.start]:02X} is not UTF-8: save the file as UTF-8")


class _Loader(yaml.CSafeLoader):
    """The safe loader with the few plain scalars we read as more than text, and a bound on nesting.

    Two spellings of a thing and several documents are judged in ``_Reading`` and ``_syntax_problem``.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012  # the name and shape are PyYAML's

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def descend_resolver(self, current_node: yaml.Node | None, _index: object) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = current_node.start_mark if current_node is not None else None
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=mark)

    def ascend_resolver(self) -> None:
        self._depth -= 1


_Loader.add_implicit_resolver(_BOOL, re.compile(r"(?:true|false)\Z"), ["t", "f"])
_Loader.add_implicit_resolver(_NULL, re.compile(r"(?:~|null|)\Z"), ["~", "n", ""])


class _Child(NamedTuple):
    key: yaml.Node | None
    value: yaml.Node


def _child(node: yaml.Node | None, step: str | int) -> _Child | None:
    if isinstance(node, yaml.MappingNode):
        return next((_Child(key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return _Child(None, node.value[step])
    return None


def _place(file: str, mark: yaml.Mark) -> Place:
    return Place(file, mark.line + 1, mark.column + 1)


def _place_after(file: str, before: str) -> Place:
    return Place(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


class _Reading(NamedTuple):
    """One walk over the nodes of a file, noting what is wrong on the way; ``seen`` finds nodes reached by an alias."""

    file: str
    problems: list[Problem]
    seen: set[int]

    def value(self, node: yaml.Node) -> object:
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if id(node) in self.seen:
            self.note(node, "reached again by an alias (*name): write the value out in each place")
            return None
        self.seen.add(id(node))
        if node.tag not in _CONTAINERS:
            self.note(node, f"tag {node.tag} is not accepted: remove it")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node)
        assert isinstance(node, yaml.SequenceNode)  # the composer makes three kinds of node
        return [self.value(item) for item in node.value]

    def scalar(self, node: yaml.ScalarNode) -> str | bool | None:
        text: str = node.value
        if node.tag == _TEXT:
            self.refuse_escaped(node)
            return text
        if node.tag == _BOOL and text in {"true", "false"}:
            return text == "true"
        if node.tag == _NULL:
            return None
        self.note(node, f"tag {node.tag} is not accepted: remove it")
        return None

    def mapping(self, node: yaml.MappingNode) -> dict[str, object]:
        found: dict[str, object] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.note(key, "a key must be plain text")
                continue
            self.refuse_escaped(key)
            if key.value in found:
                first = lines[key.value]
                self.note(key, f"key {key.value!r} stands here again (first in line {first}): keep one of the two")
            else:
                lines[key.value] = key.start_mark.line + 1
                found[key.value] = self.value(value)
        return found

    def refuse_escaped(self, node: yaml.ScalarNode) -> None:
        """Refuse what `read_text` refuses, in the one style in which it can be written in other characters."""
        if node.style == '"' and (wrong := _UNREADABLE.search(node.value)):
            self.note(node, f"control character U+{ord(wrong[0]):04X}, written as an escape: remove it")

    def note(self, node: yaml.Node, what: str) -> None:
        self.problems.append(Problem(_place(self.file, node.start_mark), what))


_ADVICE = {
    "mapping values are not allowed in this context": (
        "a second ': ' on this line, or a wrong indent: put the text between quotes"
    ),
    "but found another document": "a second document begins here: one file holds one document",
    "found undefined alias": "'*' begins an alias, which is not accepted: put the text between quotes",
    "did not find expected alphabetic or numeric character": "'*' or '&' has a meaning of its own: use quotes",
    "found unexpected end of stream": "a quote that is opened here is never closed",
    "did not find expected key": "not a 'key: value' line, or indented differently from the lines above",
    "did not find expected '-' indicator": "not a '- item' line, or indented differently from the items above",
    "did not find expected <document start>": "indented differently from the first line, or text after the end",
    "could not find expected ':'": "a key without ': ' behind it",
    "found unexpected ':'": "a ':' inside a text: write ': ' before a value, else put the text between quotes",
    "found unknown escape character": "an unknown \\ escape: use single quotes, in which \\ is a plain character",
    "found a tab character that violates indentation": "a tab: indent with spaces",
    "nested too deeply": f"nested more than {MAX_DEPTH} levels deep: write it flatter",
}


def _syntax_problem(error: yaml.MarkedYAMLError, file: str, text: str) -> Problem:
    """Say in the operator's words what libyaml said in its own."""
    said = error.problem or "cannot be read"
    mark = error.problem_mark
    opened = error.context_mark
    if said.startswith("did not find expected ',' or") and opened is not None:
        closing = said[-2]
        return Problem(_place(file, opened), f"opened here and not closed: a comma or {closing} is missing")
    if said == "found unexpected end of stream" and opened is not None:
        mark = opened
    place = _place(file, mark) if mark is not None else Place(file, 1, 1)
    if said == "found character that cannot start any token":
        return Problem(place, _token_advice(text, place))
    return Problem(place, _ADVICE.get(said, f"not readable as YAML: {said}"))


def _token_advice(text: str, place: Place) -> str:
    line = text.split("\n")[place.line - 1] if place.line <= text.count("\n") + 1 else ""
    character = line[place.column - 1 : place.column]
    if character == "\t":
        return "a tab: indent with spaces"
    return f"nothing may begin with {character!r}: put the text between quotes"
