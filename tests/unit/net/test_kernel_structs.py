"""What stands in the generated module is what its script would write now."""

import subprocess
import sys
from pathlib import Path

from resolver.net import kernel_structs

SCRIPT = Path(__file__).parents[3] / "scripts" / "make-kernel-structs"


def test_it_is_what_its_script_writes(tmp_path: Path) -> None:
    written = tmp_path / "kernel_structs.py"
    subprocess.run([sys.executable, SCRIPT, written], check=True, capture_output=True, timeout=60)
    assert written.read_text() == Path(kernel_structs.__file__).read_text()
