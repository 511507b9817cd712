"""``python -m xinqiao.cli``: the same as the command ``xinqiao``."""

import sys

from xinqiao.cli import main

sys.exit(main())
