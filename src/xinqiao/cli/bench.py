"""``xinqiao bench``: the table of ratios, each against a peer or a limit measured in the same run.

The benchmarks live in ``bench/`` of a checkout, beside the peers they need; a wheel does not carry them.
"""

import subprocess
import sys
from pathlib import Path


def main_bench(argv: list[str]) -> int:
    """Run ``python -m bench`` in the checkout this package was installed from."""
    checkout = Path(__file__).resolve().parents[3]
    if not (checkout / "bench" / "__main__.py").is_file():
        print("性能对照只在源码目录里运行：make bench  (benchmarks run in a checkout only)", file=sys.stderr)
        return 2
    return subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "bench", *argv], cwd=checkout, check=False
    ).returncode
