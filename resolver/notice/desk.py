"""What each request gets, from the few things of it that are looked at: method, Host, Accept and Accept-Language.

No socket here. Answers are kept by what was found, not by what was asked: a million names below one listed name are
one page.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

from resolver.core.admission import ALLOWED, Admission, View
from resolver.notice.holdings import Held, Holdings
from resolver.notice.host import Nameless, read_host
from resolver.notice.languages import choose_language
from resolver.notice.notice import Notice, reference
from resolver.notice.pages import BAD, FREE, Pages
from resolver.notice.problem import blocked_problem, nothing_problem

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
KEPT: Final = 512
"""Finished pages held; each has at most 30 kB."""
JSON: Final = "application/problem+json"
HTML: Final = "text/html"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets; ``order`` is the one that blocks, "" where none does, for our counters."""

    status: HTTPStatus
    body: bytes
    headers: Mapping[str, str]
    order: str = ""


class Desk:
    """A policy's holdings and the pages to tell of them; replaced whole when either changes."""

    def __init__(
        self,
        holdings: Holdings,
        pages: Mapping[str, Pages],
        digest: str,
        clock: Callable[[], float],
        admission: Admission | None = None,
    ) -> None:
        """``pages`` are those of each brand, "" for the operator's own; ``digest`` names the policy in references.

        ``clock`` is the order clock (POSIX seconds). ``admission`` tells subscribers of brands, and exempt ones, by
        their address; without it all are the operator's own, and no address is looked at.
        """
        self._holdings = holdings
        self._pages = pages
        self._admission = admission
        self._digest = digest
        self._clock = clock
        self._kept: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    @property
    def knows_brands(self) -> bool:
        """Whether it matters where a request comes from."""
        return self._admission is not None

    def view(self, client: str | None) -> View:
        """Tell what a client is to us by its address; one that the resolver does not answer is the operator's own."""
        if self._admission is None or client is None:
            return ALLOWED
        view = self._admission.view(ip_address(client.partition("%")[0]).packed)
        return view if view.allowed else ALLOWED

    def answer(
        self,
        method: str,
        hosts: Sequence[str],
        accept: str,
        languages: str,
        *,
        host_required: bool,
        view: View = ALLOWED,
    ) -> Answer:
        """Answer a request; ``hosts`` are all its Host fields, ``languages`` is Accept-Language."""
        pages = self._pages.get(view.brand, self._pages[""])
        language = choose_language(languages, list(pages.translations), pages.site.language)
        content_type = JSON if wants_json(accept) else HTML
        name = read_host(hosts, required=host_required)
        if name is Nameless.MALFORMED:
            return self._nothing(pages, HTTPStatus.BAD_REQUEST, BAD, content_type, language)
        if method not in METHODS:
            return self._nothing(pages, HTTPStatus.METHOD_NOT_ALLOWED, BAD, content_type, language)
        wall = self._clock()
        held = None if isinstance(name, Nameless) else self._holdings.find(name, view, wall)
        if held is None:
            return self._nothing(pages, HTTPStatus.MISDIRECTED_REQUEST, FREE, content_type, language)
        return self._blocked(pages, held, wall, content_type, language)

    def refuse(self, status: HTTPStatus) -> Answer:
        """Answer what could not even be read as a request."""
        pages = self._pages[""]
        return self._nothing(pages, status, BAD, HTML, pages.site.language)

    def _blocked(self, pages: Pages, held: Held, wall: float, content_type: str, language: str) -> Answer:
        notice = Notice(held, pages.site, reference(wall, self._digest))

        def write() -> bytes:
            if content_type == JSON:
                return blocked_problem(notice, pages.translations[language])
            return pages.blocked(notice, language)

        found = (held.listed, *(holding.decision.order for holding in held.holdings))
        spans = tuple(holding.spans for holding in held.holdings)
        body = self._keep((pages.site.operator, found, spans, notice.reference, content_type, language), write)
        status = HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS
        return Answer(status, body, _headers(pages, status, content_type, language), held.order)

    def _nothing(self, pages: Pages, status: HTTPStatus, kind: str, content_type: str, language: str) -> Answer:
        def write() -> bytes:
            if content_type == JSON:
                return nothing_problem(status, pages.site, pages.translations[language], kind)
            return pages.nothing(language, kind)

        body = self._keep((pages.site.operator, status, kind, content_type, language), write)
        return Answer(status, body, _headers(pages, status, content_type, language))

    def _keep(self, key: tuple[object, ...], write: Callable[[], bytes]) -> bytes:
        body = self._kept.get(key)
        if body is None:
            body = self._kept[key] = write()
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return body


def _headers(pages: Pages, status: HTTPStatus, content_type: str, language: str) -> dict[str, str]:
    headers = {
        "Content-Type": f"{content_type}; charset=utf-8",
        "Content-Language": language,
        "Cache-Control": "no-store",
        "Content-Security-Policy": pages.policy,
        "Referrer-Policy": "no-referrer",
        "Server": "arret",
        "Vary": "Accept, Accept-Language",
        "X-Content-Type-Options": "nosniff",
    }
    by = pages.site.website or pages.site.contact
    if status == HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS and by is not None:
        headers["Link"] = f'<{by}>; rel="blocked-by"'
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(METHODS)
    return headers


def wants_json(accept: str) -> bool:
    """Tell whether the first type that Accept names, of those that there are, is JSON (RFC 9110 section 12.5.1)."""
    for part in accept[:1_000].split(","):
        kind = part.partition(";")[0].strip().lower()
        if kind in {JSON, "application/json"}:
            return True
        if kind in {HTML, "text/*", "*/*", "application/xhtml+xml"}:
            return False
    return False
