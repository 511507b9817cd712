"""The Jinja environment: escaping, undefined names, languages, data blocks, assets."""

import re
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import UndefinedError

from xinqiao.ui import assets, i18n
from xinqiao.ui.environment import data_block, make_environment, share_of
from xinqiao.ui.i18n import Language, negotiate, use_language

SOURCES = Path(assets.__file__).parent / "static" / "src"


def test_text_is_escaped_and_undefined_names_fail() -> None:
    environment = make_environment()
    assert environment.from_string("{{ name }}").render(name="<b>") == "&lt;b&gt;"
    with pytest.raises(UndefinedError):
        environment.from_string("{{ name }}").render()


def test_one_environment_speaks_both_languages() -> None:
    template = make_environment().from_string('{{ _("演示数据") }} {{ "2026-11-21" | day }}')
    assert template.render() == "演示数据 2026-11-21"
    with use_language(Language.EN):
        assert template.render() == "Demonstration data 21 Nov 2026"
    assert template.render() == "演示数据 2026-11-21"


def test_a_program_puts_its_own_templates_first(tmp_path: Path) -> None:
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "pill.html").write_text("mine", encoding="utf-8")
    assert make_environment(loader_paths=[tmp_path]).get_template("components/pill.html").render() == "mine"


def test_a_data_block_cannot_be_ended_from_within() -> None:
    block = data_block({"name": "</script><script>alert(1)</script>&"})
    assert "<" not in block
    assert "&" not in block


@pytest.mark.parametrize(
    ("part", "whole", "length"),
    [(1, 3, "33.3%"), (5, 3, "100.0%"), ("-1", 3, "0.0%"), (None, 3, "0%"), (1, 0, "0%")],
)
def test_a_length_stays_between_nothing_and_all(part: object, whole: object, length: str) -> None:
    assert share_of(part, whole) == length  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "cookies", "accept", "language"),
    [
        (None, {}, None, Language.ZH),
        (None, {}, "en-GB,en;q=0.9", Language.EN),
        (None, {}, "zh-CN,zh;q=0.9,en;q=0.8", Language.ZH),
        (None, {"xq_lang": "en"}, "zh-CN", Language.EN),
        ("zh-CN", {"xq_lang": "en"}, "en", Language.ZH),
        ("tlh", {"xq_lang": "'; drop"}, "fr", Language.ZH),
    ],
)
def test_the_language_comes_from_address_then_cookie_then_browser(
    query: str | None, cookies: dict[str, str], accept: str | None, language: Language
) -> None:
    assert negotiate(query=query, cookies=cookies, accept=accept) is language


def test_an_icon_that_is_not_in_the_sprite_fails_with_a_way_out() -> None:
    with pytest.raises(assets.AssetMissing, match=r"icons\.txt"):
        assets.check_icon("no-such-icon")


def test_assets_have_hashed_names_that_exist() -> None:
    files = assets.manifest().files
    for name in ("xinqiao.css", "xinqiao.js", "htmx.js", "icons.svg", "favicon.svg"):
        assert (assets.BUILD_DIR / files[name]).is_file()
        assert files[name] != name


def test_no_colour_is_named_outside_the_tokens() -> None:
    for sheet in ("app.css", "pages.css"):
        text = re.sub(r"/\*.*?\*/", "", (SOURCES / sheet).read_text(encoding="utf-8"), flags=re.DOTALL)
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", text) == []


def test_our_own_styles_stay_within_fifty_kilobytes() -> None:
    assert sum((SOURCES / sheet).stat().st_size for sheet in ("app.css", "pages.css")) <= 50 * 1024


def test_every_template_compiles() -> None:
    environment = make_environment()
    names = list(environment.list_templates(extensions=["html"]))
    assert len(names) > 20
    for name in names:
        environment.get_template(name)


def test_no_template_holds_an_inline_style_or_handler() -> None:
    folder = Path(assets.__file__).parent / "templates"
    for path in folder.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<[^>]*\s(style|on[a-z]+)=", text), path
        for script in re.findall(r"<script\b[^>]*>", text):
            assert "src=" in script or 'type="application/json"' in script, path


def test_the_catalogue_is_read_compiled_or_not_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "en" / "LC_MESSAGES"
    place.mkdir(parents=True)
    source = i18n.LOCALE_DIR / "en" / "LC_MESSAGES" / "xinqiao.po"
    monkeypatch.setattr(i18n, "LOCALE_DIR", tmp_path)
    fresh = i18n.translations.__wrapped__
    assert fresh(Language.EN).gettext("演示数据") == "演示数据"
    (place / "xinqiao.po").write_bytes(source.read_bytes())
    assert fresh(Language.EN).gettext("演示数据") == "Demonstration data"
    with (place / "xinqiao.po").open("rb") as text, (place / "xinqiao.mo").open("wb") as compiled:
        write_mo(compiled, read_po(text))
    (place / "xinqiao.po").unlink()
    assert fresh(Language.EN).gettext("演示数据") == "Demonstration data"
    assert i18n.translations(Language.EN) is i18n.translations(Language.EN)
