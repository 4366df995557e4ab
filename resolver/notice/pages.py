"""How the page is written: templates that an operator may replace, in every language at once, and small.

The languages stand side by side and the fragment of the address (#fr, #en) shows one, which no client ever sends: so
nothing of a request needs to be read for the switch. Without it the reader's language is shown.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from resolver.notice.notice import Notice
from resolver.notice.site import Site
from resolver.notice.translations import Translation

SHIPPED: Final = Path(__file__).parent / "templates"
LARGEST: Final = 30_000
"""Octets of a page."""
FREE: Final = "free_"
BAD: Final = "bad_"


class PageError(Exception):
    """Templates that cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Everything that turns a notice into HTML; ``policy`` is the Content-Security-Policy that fits its style."""

    site: Site
    translations: Mapping[str, Translation]
    environment: ImmutableSandboxedEnvironment
    style: str
    policy: str

    @classmethod
    def open(cls, site: Site, translations: Mapping[str, Translation]) -> "Pages":
        """Load the templates, the operator's before ours. Raises PageError."""
        folders = [SHIPPED] if site.templates is None else [Path(site.templates), SHIPPED]
        environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        try:
            style = environment.get_template("style.css").render().strip()
            pages = cls(site, translations, environment, style, content_security_policy(style))
            pages.nothing(site.language, FREE)
        except (TemplateError, OSError, UnicodeError, KeyError, TypeError) as error:
            raise PageError(f"the templates of the notice page cannot be used: {error!r}") from error
        return pages

    def blocked(self, notice: Notice, language: str) -> bytes:
        """Write the page of a blocked name; with many orders, as many in full as there is room for."""
        written = self._render(language, "", notice)
        while len(written) > LARGEST and notice.details + notice.lines:
            notice = replace(notice, details=max(notice.details - 1, 0), lines=notice.lines // 2)
            written = self._render(language, "", notice)
        return written

    def nothing(self, language: str, kind: str) -> bytes:
        """Write the page of a name that is not blocked (FREE), or of a request for no name (BAD)."""
        return self._render(language, kind, None)

    def _render(self, language: str, kind: str, notice: Notice | None) -> bytes:
        page = self.environment.get_template("notice.html").render(
            usual=language,
            kind=kind,
            site=self.site,
            notice=notice,
            style=Markup(self.style),  # noqa: S704  # the operator's own file, or ours
            languages=list(self.translations.values()),
            texts=self._usual_last(language),
        )
        return page.encode()

    def _usual_last(self, language: str) -> Sequence[Translation]:
        return sorted(self.translations.values(), key=lambda each: each.language == language)


def content_security_policy(style: str) -> str:
    """Allow this very style and pictures that are in the page, and nothing else (CSP level 2)."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    allowed = f"style-src 'sha256-{digest}'; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
