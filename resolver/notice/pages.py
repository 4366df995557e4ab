"""How the page is written: templates that an operator may replace, in every language at once, and small.

The languages stand side by side and the fragment of the address (#fr, #en) shows one, which no client ever sends: so
nothing of a request needs to be read for the switch. Without it the reader's language is shown.
"""

from base64 import b64encode
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from traceback import extract_tb
from typing import Final

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from resolver.notice.notice import Notice
from resolver.notice.site import Site
from resolver.notice.specimens import specimens
from resolver.notice.translations import Translation

SHIPPED: Final = Path(__file__).parent / "templates"
LARGEST: Final = 30_000
"""Octets of a page."""
FREE: Final = "free_"
BAD: Final = "bad_"


class PageError(Exception):
    """Templates that cannot be used: ``why``, and in which file and line where that is known."""

    def __init__(self, why: str, file: str | None = None, line: int = 1) -> None:
        """Name file and line in the message, too."""
        super().__init__(why if file is None else f"{file}:{line}: {why}")
        self.why, self.file, self.line = why, file, line


class _Held(BaseLoader):
    """Templates as they were when they were read: one that is being edited changes nothing until it is read again."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Read all files of these folders; of several with one name the last. Raises OSError."""
        files = [path for folder in folders for path in sorted(folder.iterdir()) if path.is_file()]
        self.held = {path.name: (path, path.read_bytes()) for path in files}

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002  # Jinja's own signature
        if template not in self.held:
            raise TemplateNotFound(template)
        path, content = self.held[template]
        try:
            return content.decode(), str(path), lambda: True
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise TemplateSyntaxError("this is not UTF-8", line, template, str(path)) from error


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
        """Read the templates, the operator's before ours, and write a page of every kind. Raises PageError."""
        folders = [SHIPPED] if site.templates is None else [SHIPPED, Path(site.templates)]
        try:
            loader = _Held(folders)
        except OSError as error:
            raise PageError(f"{error.filename} cannot be read: {error.strerror}") from error
        environment = ImmutableSandboxedEnvironment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        try:
            style = environment.get_template("style.css").render().strip()
            pages = cls(site, translations, environment, style, content_security_policy(style))
            pages.try_out()
        except PageError:
            raise
        except Exception as error:  # a template can fail in any way
            files = {str(path) for path, _ in loader.held.values()}
            raise _located(error, files) from error
        return pages

    def try_out(self) -> None:
        """Write a page of every kind in every language, so that none fails before a reader. Raises PageError."""
        for language in self.translations:
            for kind in (FREE, BAD):
                self.nothing(language, kind)
            for notice in specimens(self.site):
                octets = len(self._render(language, "", notice))
                if octets > LARGEST and self.site.templates is not None:
                    raise PageError(f"a page with one order has {octets} octets, and may have {LARGEST}")

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


def _located(error: Exception, files: Container[str]) -> PageError:
    """Find in which template an error lies: Jinja puts the lines of templates into its tracebacks."""
    if isinstance(error, TemplateSyntaxError):
        return PageError(error.message or "syntax", error.filename, error.lineno)
    frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename in files]
    why = f"{type(error).__name__}: {error}"
    return PageError(why, frames[-1].filename, frames[-1].lineno or 1) if frames else PageError(why)
