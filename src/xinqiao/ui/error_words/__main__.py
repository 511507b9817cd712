"""``python -m xinqiao.ui.error_words``: prints ``docs/reference/errors.md``."""

import sys

from xinqiao.ui.error_words import reference_page

sys.stdout.write(reference_page())
