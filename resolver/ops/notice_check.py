"""What is wrong with what the page is to show of the operator, as problems of the configuration."""

from resolver.notice.pages import PageError, Pages
from resolver.notice.translations import read_translations
from resolver.ops.config import Config
from resolver.ops.notice_site import sites_of
from resolver.orders.model import Place, Problem


def page_problems(config: Config, file: str) -> tuple[Problem, ...]:
    """Read logo and templates, and write every kind of page with them; ``file`` is where the configuration stands."""
    sited, translations = sites_of(config), read_translations()
    found = dict.fromkeys(Problem(Place(file, 1, 1), each) for each in sited.problems)
    for site in sited.sites.values():
        try:
            Pages.open(site, translations)
        except PageError as error:
            place = Place(file, 1, 1) if error.file is None else Place(error.file, error.line, 1)
            found[Problem(place, f"notice.templates: {error.why}")] = None
    return tuple(found)
