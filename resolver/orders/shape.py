"""Which keys an order file has and what each may hold; the published JSON Schema is made from this."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StringConstraints,
    Tag,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from resolver.orders.dates import parse_day, parse_moment
from resolver.orders.duration import parse_duration
from resolver.orders.model import Action, Duration, EventKind, Ground, MeasureKind, Nature, PeriodStart, Reach

Value = TypeVar("Value")

DAY_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
LANGUAGE_PATTERN = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
PUBLIC_ID_PATTERN = r"^[A-Za-z0-9._~:/-]{1,100}$"
MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"


def complaint(what: str) -> PydanticCustomError:
    """Make the error that carries our own sentence through the validation library unchanged."""
    return PydanticCustomError("complaint", "{what}", {"what": what})


def _written(parse: Callable[[str], Value]) -> BeforeValidator:
    """Read a value from its text; what the parser complains of is what the operator reads."""

    def read(written: object) -> Value:
        if not isinstance(written, str):
            raise complaint("must be text")
        try:
            return parse(written)
        except ValueError as error:
            raise complaint(str(error)) from None

    return BeforeValidator(read)


def _start(text: str) -> PeriodStart | date:
    try:
        return PeriodStart(text)
    except ValueError:
        pass
    try:
        return parse_day(text)
    except ValueError as error:
        raise ValueError(f"{error}, or implementation, service or decision") from None


def _siren(text: str) -> str:
    digits = text.replace(" ", "").replace("\u00a0", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) == 9):
        raise ValueError(f"{text!r} is no SIREN number: it has nine digits")
    return digits


def _sha256(text: str) -> str:
    if len(text) != 64 or set(text.lower()) - set("0123456789abcdef"):
        raise ValueError(f"{text!r} is no SHA-256: it has 64 hexadecimal digits (`sha256sum FILE` prints it)")
    return text.lower()


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{text!r} is no time zone: use a name of the IANA database like Europe/Paris") from None
    return text


def _language(text: str) -> str:
    if not re.fullmatch(LANGUAGE_PATTERN, text):
        raise ValueError(f"{text!r} is no language tag: write fr, or de-BE")
    return text


def _public_id(text: str) -> str:
    if not re.fullmatch(PUBLIC_ID_PATTERN, text):
        raise ValueError(f"{text!r} is no id: use at most a hundred letters, digits, and ._~:/-")
    return text


def _text_schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


_QUOTED = re.compile(
    "[\u201c\u201e\u201d\xab][^\u201c\u201d\u201e\xab\xbb]*[\u201d\u201c\xbb]|[\u2018\u201a\u2039][^\u2018\u201a\u2039\u203a]*[\u2019\u203a]"
)


def _unquoted(text: str) -> str:
    if _QUOTED.fullmatch(text):
        raise complaint(f"{text!r} stands in a word processor's quotation marks, which people would see: remove them")
    return text


Verbatim = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Text = Annotated[Verbatim, AfterValidator(_unquoted)]
Day = Annotated[date, _written(parse_day), _text_schema(DAY_PATTERN, "2013-11-28")]
Moment = Annotated[date | datetime, _written(parse_moment), _text_schema(MOMENT_PATTERN, "2026-10-02T10:12")]
Length = Annotated[Duration, _written(parse_duration), _text_schema(r"^([0-9]+ .+|P.+)$", "12 months")]
Start = Annotated[
    PeriodStart | date,
    _written(_start),
    _text_schema(rf"^(implementation|service|decision)$|{DAY_PATTERN}", "implementation"),
]
Siren = Annotated[str, _written(_siren), WithJsonSchema({"type": ["string", "integer"], "examples": ["123456789"]})]
Sha256 = Annotated[str, _written(_sha256), _text_schema(r"^[0-9A-Fa-f]{64}$", "9f2c" * 16)]
Zone = Annotated[str, _written(_zone), _text_schema(r"^[A-Za-z0-9_+/-]+$", "Europe/Paris")]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
Language = Annotated[str, _written(_language), _text_schema(LANGUAGE_PATTERN, "fr")]
PublicId = Annotated[str, _written(_public_id), _text_schema(PUBLIC_ID_PATTERN, "12345")]

SHORT, LONG = "<short>", "<long>"
"""Tags of a value's two forms; error locations carry them, and they are no keys of the file."""


def _form(written: object) -> str:
    return LONG if isinstance(written, dict | Shape) else SHORT


_TWO_FORMS = Discriminator(_form)


def optional(description: str) -> Any:  # noqa: ANN401  # stands for a value of any type
    """Describe a key that may be absent."""
    return Field(default=None, description=description)


def unless_given(default: object, description: str) -> Any:  # noqa: ANN401  # the same
    """Describe a key that means something of its own when it is absent."""
    return Field(default=default, description=description)


class Shape(BaseModel):
    """What all parts of an order file share: no unknown keys, nothing changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class NameShape(Shape):
    """A listed name in its long form."""

    name: str = Field(description="The name as the order spells it, in letters or as an A-label (xn--…).")
    scope: Reach | None = optional("exact or subtree; the measure's scope where absent.")
    note: Text | None = optional("A remark on this name.")


class AddresseeShape(Shape):
    """Somebody whom a measure orders to act."""

    name: Text = Field(description="The name as the order spells it.")
    siren: Siren | None = optional("SIREN number, nine digits between quotes; it binds before any spelling.")
    served: Day | None = optional("The day on which the order was served on this addressee.")
    timezone: Zone | None = optional("Time zone of this addressee; the measure's where absent.")


class LastsShape(Shape):
    """A period of a given length."""

    lasts: Length = Field(description="How long: `12 months`, `3 days`, `24 hours`, or ISO 8601 (`P12M`).")
    start: Start = Field(
        alias="from",
        description="From when: implementation, service, decision, or a date. Days and months do not count that day.",
    )
    at_most: Day | None = optional("A last day that the period never passes.")


class UntilShape(Shape):
    """A period up to a last day, or up to an instant."""

    until: Moment = Field(description="The last day in force, or an instant (2027-05-30T23:00).")
    event: Text | None = optional("What happens on that day.")


class UnlimitedShape(Shape):
    """A period without an end, which somebody must look at again."""

    unlimited: Literal[True] = Field(description="true: the order sets no end.")
    review_by: Day = Field(description="The day by which somebody must look at the order again.")


class RedirectShape(Shape):
    """Somebody else's page."""

    ipv4: Text | None = optional("Its IPv4 address.")
    ipv6: Text | None = optional("Its IPv6 address.")


class FileShape(Shape):
    """A file of names beside the order."""

    file: Text = Field(description="Path of the file, inside the order's folder.")
    sha256: Sha256 | None = optional("SHA-256 of the file; another content is refused.")
    column: Text | None = optional("CSV: header or number (from 1) of the column that holds the names.")


Names = tuple[
    Annotated[Annotated[str, Tag(SHORT)] | Annotated[NameShape, Tag(LONG)], _TWO_FORMS],
    ...,
]


class ListShape(Shape):
    """One list of names, with its own author and date of receipt."""

    id: Identifier = Field(description="Our id of the list, unique in the measure; the history refers to it.")
    by: Text | None = optional("Whose list it is: the decision itself, or an authority's notification.")
    received: Moment | None = optional("When the list reached us; hours of comply_within run from here.")
    comply_within: Length | None = optional("How soon its names must be blocked.")
    names: Names | None = optional("The names themselves…")
    file: Text | None = optional("…or a file of them, inside the order's folder.")
    sha256: Sha256 | None = optional("SHA-256 of the file; another content is refused.")
    column: Text | None = optional("CSV: header or number (from 1) of the column that holds the names.")


class CannotEnforceShape(Shape):
    """Something the order asks that DNS cannot do."""

    as_written: Verbatim = Field(description="What the order says, word for word.")
    why: Text = Field(description="Why DNS cannot do it: url, ip, pattern, or a sentence.")


def _period_form(written: object) -> str | None:
    keys = written if isinstance(written, dict) else {}
    return next((f"<{key}>" for key in ("lasts", "until", "unlimited") if key in keys), None)


PeriodShape = Annotated[
    Annotated[LastsShape, Tag("<lasts>")]
    | Annotated[UntilShape, Tag("<until>")]
    | Annotated[UnlimitedShape, Tag("<unlimited>")],
    Discriminator(
        _period_form,
        custom_error_type="complaint",
        custom_error_message="says no end: write {lasts: 12 months, from: implementation}, {until: 2027-05-30}, or "
        "{unlimited: true, review_by: 2027-01-31}",
    ),
]


class MeasureShape(Shape):
    """What the order demands of some addressees."""

    id: Identifier | None = optional("Our id of the measure, unique in the order; its kind where absent.")
    kind: MeasureKind = Field(description="dns-block (access providers) or delist (search engines).")
    addressees: tuple[
        Annotated[Annotated[Text, Tag(SHORT)] | Annotated[AddresseeShape, Tag(LONG)], _TWO_FORMS],
        ...,
    ] = unless_given((), "Whom it orders to act; without any it binds whoever loads the file.")
    comply_within: Length | None = optional("How soon after service: `15 days`, `24 hours`.")
    period: PeriodShape = Field(description="From when until when; a measure without a period is refused.")
    names: Names | None = optional("The names, each as text or as {name, scope}.")
    names_file: Annotated[
        Annotated[Annotated[Text, Tag(SHORT)] | Annotated[FileShape, Tag(LONG)], _TWO_FORMS] | None,
        Field(description="A file of names beside the order: its path, or {file, sha256, column}."),
    ] = None
    lists: tuple[ListShape, ...] = unless_given((), "Several lists, each with its author and date.")
    scope: Reach = unless_given(Reach.SUBTREE, "exact (the name alone) or subtree (the name and all below).")
    action: Action = unless_given(Action.REDIRECT, "What a query gets: the notice address, or nothing.")
    mode: Literal["enforce", "observe"] = unless_given(
        "enforce", "observe: queries that it would block are counted, and allowed."
    )
    redirect_to: RedirectShape | None = optional("Somebody else's page, where law or order imposes one.")
    timezone: Zone = unless_given("Europe/Paris", "Time zone in which days begin and end.")
    follow_cname: StrictBool = Field(default=True, description="false: aliases of a listed name stay allowed.")
    allow_alias: tuple[str, ...] = unless_given((), "Names that stay allowed although they lead to a listed name.")
    cannot_enforce: tuple[CannotEnforceShape, ...] = unless_given((), "What DNS cannot do, kept for the answer.")
    on_bad_name: Literal["refuse", "skip"] = unless_given(
        "refuse", "refuse the order, or skip the entry, when a listed text is no name."
    )


class EventShape(Shape):
    """One thing that happened since; entries are appended, never changed."""

    date: Moment = Field(description="The day (from its first minute) or the instant from which it counts.")
    event: EventKind = Field(description="What happened.")
    measure: Text | None = optional("The measure it concerns; all where absent.")
    list: Text | None = optional("The list it concerns.")
    names: tuple[str, ...] | None = optional("The names it concerns; all where absent.")
    until: Moment | None = optional("Last day of a suspension, or the new last day of end-moved.")
    ground: Ground | None = optional("On whose account it was suspended, resumed or lifted: error is our own.")
    why: Text | None = optional("Why, or how it is known.")
    by: Text | None = optional("Who decided or asked.")
    effect: Text | None = optional("What it changed, in words.")
    document: Text | None = optional("The paper that says so.")


class DocumentShape(Shape):
    """A paper that belongs to the order."""

    what: Text = Field(description="What it is: decision, notification, letter.")
    file: Text = Field(description="Where it is kept.")
    sha256: Sha256 | None = optional("SHA-256 of the file.")


class ApplicantShape(Shape):
    """Somebody who asked for the order."""

    name: Text | None = optional("The name; it may be left out for a natural person.")
    natural_person: StrictBool = Field(
        default=False, description="true: a human being, whose name is told to nobody; only the number is kept."
    )


class PublicIdShape(Shape):
    """Where a public database of filtering orders holds this one."""

    db: Identifier = Field(description="The database, by its registered id, such as lumen.")
    id: PublicId = Field(description="Its id there.")


class AllowProtectedShape(Shape):
    """A protected name that the order lists on purpose."""

    name: str = Field(description="The listed name.")
    why: Text = Field(description="Why it is blocked all the same.")


class OrderShape(Shape):
    """One order: one decision of a court or an agency."""

    order: Identifier = Field(description="Our id of the order: never changed, never reused.")
    authority: Text | None = optional("The court or agency that decided.")
    court: Text | None = optional("Another word for authority.")
    case_number: Text = Field(description="The authority's number of the case.")
    decided: Day = Field(description="The day of the decision.")
    title: Text | None = optional("A name under which people know it.")
    nature: Nature = unless_given(Nature.JUDGMENT, "judgment, interim, or administrative (no court).")
    enforceable: Text | None = optional("Such as `provisionally`: an appeal alone changes nothing.")
    legal_basis: Text | None = optional("The law it rests on.")
    applicants: tuple[
        Annotated[Annotated[Text, Tag(SHORT)] | Annotated[ApplicantShape, Tag(LONG)], _TWO_FORMS],
        ...,
    ] = unless_given((), "Who asked for it; of natural persons, `{natural_person: true}`.")
    language: Language = unless_given("fr", "Language of its texts, as web pages mark it (`fr`, `de-BE`).")
    remedy: Text | None = optional("What can be done against the decision, in words for subscribers.")
    public_ids: tuple[PublicIdShape, ...] = unless_given((), "Public databases that hold it: {db, id}.")
    territory: Text | None = optional("Where it applies.")
    verified: Text | None = optional("What this file was checked against.")
    notes: Text | None = optional("Remarks, above all on what is uncertain.")
    sources: tuple[Text, ...] = unless_given((), "Where the facts in this file come from.")
    confidential: StrictBool = Field(default=False, description="true: subscribers are not told of this order by name.")
    documents: tuple[DocumentShape, ...] = unless_given((), "The papers, with their checksums.")
    measures: tuple[MeasureShape, ...] = Field(min_length=1, description="What it demands, and of whom.")
    history: tuple[EventShape, ...] = unless_given((), "What happened since, oldest first; append only.")
    not_ours: Text | None = optional("Why this order is kept here although it binds none of us.")
    allow_protected: tuple[AllowProtectedShape, ...] = unless_given((), "Protected names listed on purpose.")


def order_schema() -> dict[str, Any]:
    """Make the JSON Schema (2020-12) of an order file."""
    schema = OrderShape.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Arrêt: an order file"
    schema["oneOf"] = [{"required": ["authority"]}, {"required": ["court"]}]
    return schema
