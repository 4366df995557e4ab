"""A walk through the notice page with a real browser, which asks a real resolver for the blocked names.

``python -m tests.browser.walk FOLDER`` runs as root of a network and a mount namespace of its own: the resolver
listens at port 53, the page at the notice address and port 80, and /etc/resolv.conf names the resolver. What was seen
is written to FOLDER/seen.json, with a picture of every view beside it; docs/images/ has some of them.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests.integration.running_server import PATIENCE, RunningServer, running

ROOT: Final = Path(__file__).parents[2]
AXE: Final = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
)
CONFIG: Final = """
operator: {name: Free, contact: "mailto:blocage@example.net", website: "https://www.example.net/"}
rehearse: 2014-06-01
listen: "127.0.0.1:53"
upstreams: []
notice: {ipv4: 192.0.2.80, ipv6: "2001:db8::80", listen: ["192.0.2.80:80", "[2001:db8::80]:80"]}
orders: orders/
state: state/
metrics: {listen: null}
workers: 1
"""
SECOND: Final = """
order: anj-2014-7
authority: Autorité de régulation des jeux en ligne
case_number: ARJEL 2014-7
decided: 2014-02-03
nature: administrative
legal_basis: Loi n° 2010-476, art. 61
applicants: [{natural_person: true}]
remedy: Recours devant le tribunal administratif dans les deux mois.
measures:
  - {kind: dns-block, period: {until: 2099-12-31}, names: [both.example]}
history: [{date: 2014-02-04, event: implemented}]
"""
THIRD: Final = """
order: tj-2014-8
authority: Tribunal de grande instance de Lyon
case_number: RG 14/8
decided: 2014-03-03
measures:
  - {kind: dns-block, period: {unlimited: true, review_by: 2099-01-01}, names: [both.example, xn--bcher-kva.example]}
history: [{date: 2014-03-04, event: implemented}]
"""
SECRET: Final = THIRD.replace("tj-2014-8", "tj-2014-9").replace("both.example, xn--bcher-kva.example", "secret.example")


@dataclass(frozen=True, slots=True)
class View:
    """One look at a page: by whom, with what."""

    name: str
    address: str
    language: str = "fr"
    width: int = 1_000
    height: int = 1_400
    dark: bool = False
    media: str = ""
    click: str = ""
    own: bool = False
    """Whether the operator has logo, words and templates of his own by then."""


VIEWS: Final = (
    View("french", "http://www.dpstream.tv/a/b?c=d", height=1_590),
    View("english-dark", "http://dpstream.tv/", "en", dark=True, height=1_560),
    View("phone", "http://dpstream.tv/", width=390, height=2_060),
    View("print", "http://dpstream.tv/", media="print"),
    View("switched", "http://dpstream.tv/", click="English"),
    View("two-orders", "http://both.example/", "de", height=1_900),
    View("international", "http://bücher.example/"),
    View("confidential", "http://secret.example/", "en-GB"),
    View("confidential-dark-phone", "http://secret.example/", width=320, dark=True),
    View("not-blocked", "http://192.0.2.80/"),
    View("not-blocked-over-ipv6", "http://[2001:db8::80]/", "en", dark=True),
    View("own", "http://dpstream.tv/", own=True),
    View("own-dark-phone", "http://dpstream.tv/", "en", width=320, dark=True, own=True),
    View("not-blocked-own", "http://192.0.2.80/", own=True),
)
LOGO: Final = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle cx="20" cy="20" r="20"/></svg>'
NOTHING: Final = "<p>{{ site.operator }} : {{ t.free_text }}</p>"
OWN: Final = "logo: logo.svg, templates: looks, text: {fr: 'Service juridique, <Paris>', en: 'Legal desk, <Paris>'}"

LOOK: Final = """
const shown = [...document.querySelectorAll('article')].filter(a => getComputedStyle(a).display != 'none');
const navigation = performance.getEntriesByType('navigation')[0];
return {
  status: navigation.responseStatus,
  octets: navigation.decodedBodySize,
  title: document.title,
  language: document.documentElement.lang,
  articles: shown.map(a => a.lang),
  text: shown.map(a => a.innerText).join('\\n'),
  languages: [...new Set([...shown[0].querySelectorAll('[lang]')].map(e => e.lang))],
  background: getComputedStyle(document.body).backgroundColor,
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  switch_shown: getComputedStyle(shown[0].querySelector('nav')).display != 'none',
  links: [...shown[0].querySelectorAll('a')].map(a => a.getAttribute('href')),
  loaded: performance.getEntriesByType('resource').map(e => e.name),
  cookies: document.cookie,
  pictures: [...shown[0].querySelectorAll('img')].map(e => e.naturalWidth),
}
"""


@contextmanager
def browser(profile: Path) -> Iterator[webdriver.Chrome]:
    """Start Chromium with an empty profile, and end it."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or "chromedriver"))
    driver.set_script_timeout(PATIENCE)
    try:
        yield driver
    finally:
        driver.quit()


def look(driver: webdriver.Chrome, view: View, folder: Path) -> dict[str, Any]:
    """Look at a page, take a picture, and have axe judge it."""
    command = driver.execute_cdp_cmd
    size = {"width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": view.width < 500}
    scheme = {"name": "prefers-color-scheme", "value": "dark" if view.dark else "light"}
    command("Emulation.setDeviceMetricsOverride", size)
    command("Emulation.setEmulatedMedia", {"media": view.media, "features": [scheme]})
    command("Emulation.setUserAgentOverride", {"userAgent": "Mozilla/5.0", "acceptLanguage": view.language})
    driver.get("about:blank")  # a fragment alone would not load the page again
    driver.get(view.address)
    if view.click:
        driver.find_element(By.LINK_TEXT, view.click).click()
    driver.save_screenshot(str(folder / f"{view.name}.png"))
    seen: dict[str, Any] = driver.execute_script(LOOK)
    driver.execute_script(AXE.read_text())
    judged = driver.execute_async_script("axe.run().then(arguments[0])")
    seen["violations"] = [f"{each['id']}: {each['help']}" for each in judged["violations"]]
    seen["passes"] = len(judged["passes"])
    seen["console"] = [
        each["message"]
        for each in driver.get_log("browser")  # type: ignore[no-untyped-call]  # Selenium's own
        if "451" not in each["message"] and "421" not in each["message"]
    ]
    return seen


def refused(driver: webdriver.Chrome) -> dict[str, Any]:
    """Try HTTPS, which nobody serves."""
    begun = time.monotonic()
    try:
        driver.get("https://dpstream.tv/")
        why = "it was served"
    except WebDriverException as error:
        why = str(error.msg)
    return {"why": why, "seconds": time.monotonic() - begun}


def prepare_namespace(folder: Path) -> None:
    """Give this network the notice addresses, and make the resolver that of this mount namespace."""
    resolv_conf = folder / "resolv.conf"
    resolv_conf.write_text("nameserver 127.0.0.1\noptions timeout:20 attempts:1\n")
    for command in (
        ["ip", "link", "set", "lo", "up"],
        ["ip", "address", "add", "192.0.2.80/32", "dev", "lo"],
        ["ip", "address", "add", "2001:db8::80/128", "dev", "lo", "nodad"],
        ["mount", "--bind", str(resolv_conf), "/etc/resolv.conf"],
    ):
        subprocess.run(command, check=True)


def serve(folder: Path) -> RunningServer:
    """Lay out the orders of the walk."""
    server = RunningServer(folder, CONFIG)
    shutil.copytree(ROOT / "blocklists", folder / "orders", dirs_exist_ok=True)
    for number, order in enumerate((SECOND, THIRD, SECRET + "confidential: true\n")):
        (folder / "orders" / f"order-{number}.yaml").write_text(order)
    return server


def dress(server: RunningServer) -> None:
    """Give the page the operator's own looks."""
    (server.folder / "logo.svg").write_text(LOGO)
    (server.folder / "looks").mkdir()
    (server.folder / "looks" / "nothing.html").write_text(NOTHING)
    config = server.folder / "config.yaml"
    config.write_text(config.read_text().replace("notice: {", f"notice: {{{OWN}, "))
    assert server.reload()["ok"]


def walk(folder: Path) -> dict[str, Any]:
    """Start everything and look at every view."""
    prepare_namespace(folder)
    serve(folder)
    with running(folder, CONFIG) as server, browser(folder / "profile") as driver:
        server.wait_for("the page is served")
        seen = {view.name: look(driver, view, folder) for view in VIEWS if not view.own}
        dress(server)
        seen |= {view.name: look(driver, view, folder) for view in VIEWS if view.own}
        return {**seen, "https": refused(driver)}


if __name__ == "__main__":
    target = Path(sys.argv[1])
    (target / "seen.json").write_text(json.dumps(walk(target), indent=1))
