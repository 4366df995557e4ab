"""How the text of an order file becomes an Order, or everything that is wrong with it, all at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from resolver.dns.name import BadNameError, WireName
from resolver.orders.draft import draft_of
from resolver.orders.history import read_history
from resolver.orders.listed_names import parse_listed
from resolver.orders.listing import ReadFile, read_listing
from resolver.orders.lists import ReadNames, read_names
from resolver.orders.model import (
    Action,
    Addressee,
    AllowedProtected,
    CannotEnforce,
    Document,
    Lasts,
    Measure,
    NameList,
    Order,
    Period,
    PeriodStart,
    Place,
    Problem,
    PublicId,
    RedirectTarget,
    Unlimited,
    Until,
)
from resolver.orders.page_address import parse_page_address
from resolver.orders.plain_runs import Run, read_short
from resolver.orders.shape import (
    AddresseeShape,
    ApplicantShape,
    LastsShape,
    ListShape,
    MeasureShape,
    OrderShape,
    RedirectShape,
    UnlimitedShape,
    UntilShape,
    order_schema,
)
from resolver.orders.shape_problems import empty_paths, path_of, shape_problems, without_value
from resolver.orders.yaml_document import YamlDocument, read_yaml

__all__ = ["Faulty", "ReadFile", "parse_order"]

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Faulty:
    """An order file with problems, in the order of the file.

    ``draft`` is what the order would be without them, never to be applied: it is there to be told what else is wrong.
    """

    problems: tuple[Problem, ...]
    draft: Order | None = None


def parse_order(text: bytes, file: str, read_file: ReadFile, read_listed: ReadNames = read_names) -> Order | Faulty:
    """Read one order file and the list files it names; never half: an Order, or every problem with its place.

    ``file`` is the name that places carry; ``read_file`` gets paths relative to the order file's folder;
    ``read_listed`` may remember what it read before.
    """
    short = read_short(text, file)
    if short is not None:
        order = _parse(short.document, short.runs, file, read_file, read_listed)
        if isinstance(order, Order):
            return order
    document = read_yaml(text, file)
    if not isinstance(document, YamlDocument):
        return Faulty(document)
    return _parse(document, {}, file, read_file, read_listed)


def _parse(
    document: YamlDocument, runs: Mapping[int, Run], file: str, read_file: ReadFile, read_listed: ReadNames
) -> Order | Faulty:
    if document.value is None:
        return Faulty((Problem(Place(file, 1, 1), "empty: an order file begins with `order:`, its id"),))
    empty = tuple(empty_paths(document.value))
    problems = [*(without_value(path, document) for path in empty), *_authority_problems(document)]
    try:
        shape = OrderShape.model_validate(document.value)
    except ValidationError as error:
        told = {document.place(path) for path in empty}
        found = shape_problems(error, document, order_schema())
        problems += [problem for problem in found if problem.place not in told]
        return _with_draft(document, error, problems, read_file, read_listed)
    order = _Reading(document, runs, read_file, read_listed, problems).order(shape)
    return Faulty(_in_file_order(problems), order) if problems else order


def _with_draft(
    document: YamlDocument,
    error: ValidationError,
    problems: list[Problem],
    read_file: ReadFile,
    read_listed: ReadNames,
) -> Faulty:
    """Read what an order whose keys are wrong says all the same, for its other problems."""
    draft = draft_of(document, [path_of(details) for details in error.errors(include_url=False)])
    if draft is None:
        return Faulty(_in_file_order(problems))
    others: list[Problem] = []
    order = _Reading(document, {}, read_file, read_listed, others).order(draft.shape)
    problems += [problem for problem in others if problem.place not in draft.silent]
    return Faulty(_in_file_order(problems), order)


def _in_file_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.place, problem.what)))


def _authority_problems(document: YamlDocument) -> Iterator[Problem]:
    """See that the one thing that two keys may say is said once."""
    keys = document.value if isinstance(document.value, dict) else {}
    if "court" in keys and "authority" in keys:
        what = "`court` and `authority` are two words for one thing: keep one"
        yield Problem(document.place(("court",), key=True), what)
    if keys and "court" not in keys and "authority" not in keys:
        yield Problem(document.place(()), "`authority` (or `court`) is missing: add who decided")


@dataclass(frozen=True, slots=True)
class _Reading:
    """One pass over the parts of an order whose keys are right, noting what cannot be meant."""

    document: YamlDocument
    runs: Mapping[int, Run]
    read_file: ReadFile
    read_names: ReadNames
    problems: list[Problem]

    def note(self, path: Path, what: str, *, key: bool = False) -> None:
        self.problems.append(Problem(self.document.place(path, key=key), what))

    def order(self, shape: OrderShape) -> Order:
        measures = tuple(self.measure(measure, shape, index) for index, measure in enumerate(shape.measures))
        self.refuse_twice([measure.id for measure in measures], "measure", ("measures",))
        history, wrong = read_history(shape, measures, self.document)
        self.problems.extend(wrong)
        return Order(
            id=shape.order,
            authority=shape.authority or shape.court or "",
            case_number=shape.case_number,
            decided=shape.decided,
            measures=measures,
            place=self.document.place(("order",)),
            title=shape.title,
            legal_basis=shape.legal_basis,
            applicants=tuple(self.applicants(shape)),
            natural_applicants=sum(
                isinstance(each, ApplicantShape) and each.natural_person for each in shape.applicants
            ),
            language=shape.language,
            remedy=shape.remedy,
            public_ids=tuple(PublicId(each.db, each.id) for each in shape.public_ids),
            territory=shape.territory,
            nature=shape.nature,
            enforceable=shape.enforceable,
            verified=shape.verified,
            notes=shape.notes,
            confidential=shape.confidential,
            sources=shape.sources,
            documents=tuple(Document(paper.what, paper.file, paper.sha256) for paper in shape.documents),
            history=history,
            not_ours=shape.not_ours,
            allow_protected=tuple(self.allowed(shape, measures)),
        )

    def applicants(self, shape: OrderShape) -> Iterator[str]:
        """Yield the names of legal persons."""
        for index, entry in enumerate(shape.applicants):
            if isinstance(entry, str):
                yield entry
            elif not entry.natural_person and entry.name is not None:
                yield entry.name
            elif not entry.natural_person:
                self.note(("applicants", index), "an applicant without `name`: add it, or `natural_person: true`")

    def allowed(self, shape: OrderShape, measures: Sequence[Measure]) -> Iterator[AllowedProtected]:
        for index, entry in enumerate(shape.allow_protected):
            path = ("allow_protected", index, "name")
            name = self.name(entry.name, path)
            if name is not None and not any(measure.listed.find(name) for measure in measures):
                self.note(path, f"{entry.name!r} is not listed by this order: remove the entry or correct the name")
            if name is not None:
                yield AllowedProtected(name, entry.why, self.document.place(path))

    def measure(self, shape: MeasureShape, order: OrderShape, index: int) -> Measure:
        path = ("measures", index)
        if shape.names is None and shape.names_file is None and not shape.lists:
            self.note(path, "a measure without names: add `names`, `names_file` or `lists`")
        self.refuse_twice([named.id for named in shape.lists], "list", (*path, "lists"))
        listing = read_listing(shape, self.document, path, self.read_file, self.read_names, self.runs)
        self.problems.extend(listing.bad)
        if not len(listing.listed) and listing.skipped:
            self.note(path, "none of the listed texts is a name: complete the list")
        asked = tuple(
            CannotEnforce(entry.as_written, entry.why, self.document.place((*path, "cannot_enforce", number)))
            for number, entry in enumerate(shape.cannot_enforce)
        )
        addressees = tuple(self.addressee(entry) for entry in shape.addressees)
        return Measure(
            id=shape.id or str(shape.kind),
            kind=shape.kind,
            addressees=addressees,
            period=self.period(shape, addressees, order, path),
            listed=listing.listed,
            place=self.document.place(path),
            action=shape.action,
            redirect_to=self.redirect(shape, path),
            comply_within=shape.comply_within,
            timezone=shape.timezone,
            follow_cname=shape.follow_cname,
            allow_alias=tuple(self.aliases(shape, path)),
            cannot_enforce=(*asked, *listing.unenforceable),
            lists=tuple(self.name_list(named, order, (*path, "lists", at)) for at, named in enumerate(shape.lists)),
            skipped=tuple(listing.skipped),
            observe=shape.mode == "observe",
        )

    def addressee(self, shape: str | AddresseeShape) -> Addressee:
        if isinstance(shape, str):
            return Addressee(shape)
        return Addressee(shape.name, shape.siren, shape.served, shape.timezone)

    def name_list(self, shape: ListShape, order: OrderShape, path: Path) -> NameList:
        received = shape.received
        if received is not None and not isinstance(received, datetime):
            received = datetime.combine(received, datetime.min.time())
        if received is not None and received.date() < order.decided:
            self.note((*path, "received"), f"received before the decision of {order.decided}: correct one of the two")
        return NameList(shape.id, shape.by, received, shape.comply_within, shape.file)

    def period(self, shape: MeasureShape, addressees: Sequence[Addressee], order: OrderShape, path: Path) -> Period:
        path = (*path, "period")
        match shape.period:
            case LastsShape(lasts=duration, start=start, at_most=at_most):
                if start is PeriodStart.SERVICE and not any(one.served for one in addressees):
                    self.note((*path, "from"), "counts from service, but no addressee has `served:`: add the date")
                if at_most is not None and at_most < order.decided:
                    self.note((*path, "at_most"), f"{at_most} is before the decision of {order.decided}: correct it")
                return Lasts(duration, start, at_most)
            case UntilShape(until=last, event=event):
                if (last.date() if isinstance(last, datetime) else last) < order.decided:
                    self.note((*path, "until"), f"{last} is before the decision of {order.decided}: correct it")
                return Until(last, event)
            case UnlimitedShape(review_by=review_by):
                if review_by < order.decided:
                    self.note(
                        (*path, "review_by"), f"{review_by} is before the decision of {order.decided}: correct it"
                    )
                return Unlimited(review_by)

    def redirect(self, shape: MeasureShape, path: Path) -> RedirectTarget | None:
        if shape.redirect_to is None:
            return None
        path = (*path, "redirect_to")
        if shape.action is not Action.REDIRECT:
            self.note(path, f"`redirect_to` with `action: {shape.action}`: remove one of the two", key=True)
        target = RedirectTarget(
            self.address(shape.redirect_to, "ipv4", path), self.address(shape.redirect_to, "ipv6", path)
        )
        if shape.redirect_to == RedirectShape():
            self.note(path, "`redirect_to` names no address: add `ipv4:` or `ipv6:`")
        return target

    def address(self, shape: RedirectShape, family: str, path: Path) -> str | None:
        text = shape.ipv4 if family == "ipv4" else shape.ipv6
        if text is None:
            return None
        try:
            return parse_page_address(text, 4 if family == "ipv4" else 6)
        except ValueError as error:
            self.note((*path, family), f"{error}: correct it")
            return None

    def aliases(self, shape: MeasureShape, path: Path) -> Iterator[WireName]:
        for index, text in enumerate(shape.allow_alias):
            name = self.name(text, (*path, "allow_alias", index))
            if name is not None:
                yield name

    def name(self, text: str, path: Path) -> WireName | None:
        try:
            return parse_listed(text)
        except BadNameError as error:
            self.note(path, f"{text!r} {error}")
            return None

    def refuse_twice(self, ids: Sequence[str], what: str, path: Path) -> None:
        for index, identifier in enumerate(ids):
            if identifier in ids[:index]:
                self.note((*path, index, "id"), f"a second {what} {identifier!r}: give each an `id:` of its own")
