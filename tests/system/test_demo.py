"""The demonstration ends with every device meant reached, and no other, on both databases."""

import os
import subprocess
import sys

from tests.system.processes import ROOT


def test_demo(database_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "tools/demo.py", "--devices", "400"],
        cwd=ROOT,
        env=os.environ | {"CASA_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everybody who was meant to, and nobody else." in done.stdout
