"""Every component on static pages: ``python -m xinqiao.ui.gallery OUTDIR``.

For looking, for screenshots and for the accessibility tests; zh and en, light and dark. Serve OUTDIR over HTTP (the
sprite of icons and the script modules are not loaded from file addresses).
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Final

from xinqiao.ui import gallery_data, gallery_report
from xinqiao.ui.assets import BUILD_DIR, asset_url
from xinqiao.ui.environment import make_environment
from xinqiao.ui.i18n import Language, use_language
from xinqiao.ui.report_view import build_summary_view, build_view

PAGES: Final[dict[str, str]] = {
    "home": "public",
    "states": "public",
    "login": "public",
    "consent": "enterprise",
    "ledger": "enterprise",
    "components": "rail",
    "report": "rail",
    "self": "enterprise",
    "summary": "rail",
}


def write(folder: Path) -> list[Path]:
    """Write every page in both languages and both themes; answers the files."""
    target = folder / "static"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(BUILD_DIR, target)
    environment = make_environment(asset_url=lambda name: asset_url(name, prefix="../static/"))
    written: list[Path] = []
    for language in Language:
        for theme in ("light", "dark"):
            with use_language(language):
                place = folder / (language.value[:2] + ("-dark" if theme == "dark" else ""))
                place.mkdir(parents=True, exist_ok=True)
                context = gallery_data.context() | {
                    "report": build_view(gallery_report.product()),
                    "own_report": build_view(gallery_report.product(self_query=True, include_balance=False)),
                    "summary": build_summary_view(gallery_report.summary_product()),
                }
                for name, layout in PAGES.items():
                    shell = gallery_data.shell(layout, language, theme)
                    page = environment.get_template(f"gallery/{name}.html").render(context, shell=shell)
                    path = place / f"{name}.html"
                    path.write_text(page, encoding="utf-8")
                    written.append(path)
                (place / "index.html").write_text(
                    (place / "components.html").read_text(encoding="utf-8"), encoding="utf-8"
                )
    return written


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m xinqiao.ui.gallery")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    files = write(options.folder)
    sys.stdout.write(f"{len(files)} pages in {options.folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
