"""A folder with a configuration, and the command line over it: no server runs."""

from pathlib import Path
from typing import Final

from click.testing import CliRunner, Result

from resolver.cli.command_line import command_line

CONFIG: Final = """\
operator: {name: Free}
listen: ["127.0.0.1:5300"]
orders: orders
state: state
notice: {ipv4: 192.0.2.80}
"""


class Desk:
    """What a legal desk has before it: ``config``, and ``orders`` with the files given by name."""

    def __init__(self, folder: Path, **orders: str) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.orders = folder / "orders"
        self.config.write_text(CONFIG)
        self.orders.mkdir()
        for name, text in orders.items():
            (self.orders / f"{name}.yaml").write_text(text)

    def run(self, *arguments: str, typed: str = "") -> Result:
        """Run a verb with this configuration; ``typed`` answers its questions."""
        return CliRunner().invoke(command_line, [*arguments, "--config", str(self.config)], input=typed)
