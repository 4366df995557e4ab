"""The same for programs: problem details in JSON (RFC 9457)."""

import json
from datetime import UTC, datetime
from http import HTTPStatus

from resolver.dns.name import present_name
from resolver.notice.holdings import Holding
from resolver.notice.notice import Notice
from resolver.notice.site import Site
from resolver.notice.translations import Translation
from resolver.orders.model import Span


def blocked_problem(notice: Notice, t: Translation) -> bytes:
    """Say which orders block a name; ``orders`` is empty where none of them is public."""
    site = notice.site
    return _written(
        HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS,
        t["title"],
        site,
        {
            "detail": t["lead"].format(operator=site.operator) if notice.holdings else t["confidential"],
            "name": present_name(notice.held.listed),
            "orders": [_order(each, t) for each in (*notice.detailed, *notice.brief)],
            "reference": notice.reference,
        },
    )


def nothing_problem(status: HTTPStatus, site: Site, t: Translation, kind: str) -> bytes:
    """Say that nothing is blocked, or that a request is for no name."""
    return _written(status, t[f"{kind}title"], site, {"detail": t[f"{kind}text"]})


def _written(status: HTTPStatus, title: str, site: Site, members: dict[str, object]) -> bytes:
    document = {"type": "about:blank", "title": title, "status": status.value, **members}
    who = "blocked_by" if status == HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS else "operator"
    document[who] = {"name": site.operator, "contact": site.contact}
    if site.rehearsal:
        document["rehearsal"] = True
    return json.dumps(document, ensure_ascii=False).encode()


def _order(holding: Holding, t: Translation) -> dict[str, object]:
    decision = holding.decision
    return {
        "order": decision.order,
        "authority": decision.authority,
        "decided": decision.decided.isoformat(),
        "case_number": decision.case_number,
        "title": decision.title,
        "legal_basis": decision.legal_basis,
        "applicants": list(decision.applicants),
        "natural_applicants": decision.natural_applicants,
        "in_force": [_span(span, t) for span in holding.spans],
        "remedy": decision.remedy or t.remedy(decision),
    }


def _span(span: Span, t: Translation) -> dict[str, str | None]:
    """Write a span as instants in UTC, ``until`` being the first one after it, and in words."""
    until = None if span.until is None else _instant(span.until)
    return {"since": _instant(span.since), "until": until, "words": t.span(span)}


def _instant(wall: float) -> str:
    return f"{datetime.fromtimestamp(wall, UTC):%Y-%m-%dT%H:%M:%SZ}"
