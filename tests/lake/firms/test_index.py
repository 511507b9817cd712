"""The firm index: finding, order, updates, and what a reader sees meanwhile."""

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.identifiers import org_code_check, uscc_check
from xinqiao.domain.names import search_form
from xinqiao.domain.renames import NamePeriod
from xinqiao.lake.firms import Added, Firm, FirmIndex, Match
from xinqiao.lake.firms import index as index_module


def code(number: int, kind: str = "91", division: str = "140105") -> str:
    body = f"{division}MA{number:06d}"
    body = kind + body + org_code_check(body[6:])
    return body + uscc_check(body)


FIRMS = [
    Firm(code(1), "山西远山科技有限公司", division="140105", industry="I6510", status="存续", established_on=date(2015, 6, 1)),
    Firm(code(2), "远山（山西）贸易有限公司", division="140106", industry="C26", status="存续"),
    Firm(code(3), "太原远山科技有限责任公司", division="140105", industry="C2611", status="注销"),
    Firm(code(4), "重庆银行股份有限公司太原分行", division="140105", industry="J66"),
    Firm(code(5), "TCL王牌电器（太原）有限公司", division="140100", industry="F51"),
    Firm(code(6), "太原通程物流有限公司", division="140108", industry="G54"),
    Firm(
        code(7), "大同新名食品有限公司", (NamePeriod("大同旧称商贸有限公司", date(2010, 1, 1), date(2018, 3, 1)),),
        "140200", "C13", registration_no="140200000000013",
    ),
    Firm(code(8), "远山", division="140105"),
    Firm(code(9), "晋中𠮷祥农业专业合作社", division="140700", industry="A01"),
]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    where = tmp_path / "firms.db"
    with FirmIndex.create(where) as index:
        assert index.add(FIRMS) == Added(new=len(FIRMS))
    return where


def found(path: Path, text: str, **narrow: str) -> list[tuple[str, Match]]:
    with FirmIndex.open(path) as index:
        return [(hit.firm.name, hit.match) for hit in index.search(text, **narrow)]  # type: ignore[arg-type]


def test_exact_then_prefix_then_fragment_and_the_ended_last(path: Path) -> None:
    assert found(path, "远山") == [
        ("远山", Match.EXACT),
        ("远山（山西）贸易有限公司", Match.PREFIX),
        ("山西远山科技有限公司", Match.FRAGMENT),
        ("太原远山科技有限责任公司", Match.FRAGMENT),
    ]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("山西远山科技有限公司", "山西远山科技有限公司"),
        ("远山(山西)贸易", "远山（山西）贸易有限公司"),
        ("远山山西贸易有限公司", "远山（山西）贸易有限公司"),
        ("远山 贸易", "远山（山西）贸易有限公司"),
        ("shanxiyuanshan", "山西远山科技有限公司"),
        ("shan xi yuan shan", "山西远山科技有限公司"),
        ("SXYSKJ", "山西远山科技有限公司"),
        ("山西ys", "山西远山科技有限公司"),
        ("sx远山", "山西远山科技有限公司"),
        ("山西yuansh", "山西远山科技有限公司"),
        ("chongqingyinhang", "重庆银行股份有限公司太原分行"),
        ("cqyh", "重庆银行股份有限公司太原分行"),
        ("重庆yinh", "重庆银行股份有限公司太原分行"),
        ("tcl", "TCL王牌电器（太原）有限公司"),
        ("ｔｃｌ王牌", "TCL王牌电器（太原）有限公司"),
        ("tclwp", "TCL王牌电器（太原）有限公司"),
        ("𠮷祥", "晋中𠮷祥农业专业合作社"),
        ("晋", "晋中𠮷祥农业专业合作社"),
    ],
)
def test_what_people_type(path: Path, typed: str, name: str) -> None:
    assert found(path, typed)[0][0] == name


def test_letters_of_a_name_come_before_initials(path: Path) -> None:
    assert found(path, "tcl") == [
        ("TCL王牌电器（太原）有限公司", Match.PREFIX),
    ]
    assert ("太原通程物流有限公司", Match.PINYIN) in found(path, "tcw")


def test_an_old_name_finds_the_firm_of_today(path: Path) -> None:
    with FirmIndex.open(path) as index:
        (hit,) = index.search("旧称商贸")
    assert (hit.firm.name, hit.by_name, hit.by_old_name) == (
        "大同新名食品有限公司",
        "大同旧称商贸有限公司",
        True,
    )
    assert hit.firm.old_names[0].valid_to == date(2018, 3, 1)


@pytest.mark.parametrize(
    ("narrow", "names"),
    [
        ({"division": "140106"}, ["远山（山西）贸易有限公司"]),
        ({"division": "14", "industry": "C"}, ["远山（山西）贸易有限公司", "太原远山科技有限责任公司"]),
        ({"industry": "C26"}, ["远山（山西）贸易有限公司", "太原远山科技有限责任公司"]),
        ({"industry": "2611"}, ["太原远山科技有限责任公司"]),
        ({"industry": "I65"}, ["山西远山科技有限公司"]),
        ({"division": "31"}, []),
    ],
)
def test_filters(path: Path, narrow: dict[str, str], names: list[str]) -> None:
    assert [name for name, _ in found(path, "远山", **narrow)] == names


@pytest.mark.parametrize("narrow", [{"division": "1"}, {"division": "14x"}, {"industry": "X9"}])
def test_a_filter_that_is_no_code_is_refused(path: Path, narrow: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        found(path, "远山", **narrow)


@pytest.mark.parametrize("text", ["", "  ", "（）", "\x00", '"', '远山" OR "科技', "a" * 5000, "厄厄厄"])
def test_nothing_meant_nothing_found(path: Path, text: str) -> None:
    assert found(path, text) == []


@pytest.mark.parametrize(
    "typed", [FIRMS[0].uscc, FIRMS[0].uscc.lower(), FIRMS[0].uscc[8:17], f"140105{FIRMS[0].uscc[8:17]}"]
)
def test_by_a_number(path: Path, typed: str) -> None:
    assert found(path, typed) == [("山西远山科技有限公司", Match.CODE)]


def test_by_the_old_registration_number(path: Path) -> None:
    with FirmIndex.open(path) as index:
        assert [hit.firm.uscc for hit in index.by_code("140200000000013")] == [code(7)]
        assert index.by_code("140200000000021") == []


def test_near_codes_are_asked_for_apart(path: Path) -> None:
    typed = FIRMS[0].uscc[:-1] + ("1" if FIRMS[0].uscc[-1] != "1" else "2")
    assert found(path, typed) == []
    with FirmIndex.open(path) as index:
        assert [hit.firm.uscc for hit in index.near_code(typed)] == [FIRMS[0].uscc]


def test_the_same_again_is_nothing_and_a_change_is_seen(path: Path) -> None:
    renamed = replace(
        FIRMS[0], name="山西近水科技有限公司", status="吊销",
        old_names=(NamePeriod("山西远山科技有限公司", None, date(2024, 1, 1)),),
    )  # fmt: skip
    with FirmIndex.create(path) as index:
        assert index.add(FIRMS) == Added(same=len(FIRMS))
        assert index.add([renamed, FIRMS[1], FIRMS[1]]) == Added(changed=1, same=1, repeated=1)
        assert len(index) == len(FIRMS)
    assert found(path, "近水") == [("山西近水科技有限公司", Match.FRAGMENT)]
    with FirmIndex.open(path) as index:
        (hit,) = [one for one in index.search("山西远山科技") if one.match is Match.PREFIX]
    assert (hit.firm, hit.by_old_name) == (renamed, True)
    with FirmIndex.create(path) as index:
        index.add([FIRMS[0]])
        index.optimise()
    assert found(path, "近水") == []


def test_a_bad_firm_leaves_nothing_of_its_batch(path: Path) -> None:
    with FirmIndex.create(path) as index:
        with pytest.raises(Invalid) as caught:
            index.add([Firm(code(50), "好的有限公司"), Firm("914403001922038217", "坏的有限公司")])
        assert caught.value.code is Code.USCC_CHECKSUM
        assert len(index) == len(FIRMS)
    assert found(path, "好的") == []


def test_a_reader_sees_the_old_until_the_new_is_whole(path: Path) -> None:
    with FirmIndex.open(path) as reader, FirmIndex.create(path) as writer:
        seen: list[int] = []

        def firms() -> object:
            for number in range(100, 100 + 2 * index_module.BATCH, index_module.BATCH // 2):
                seen.append(len(reader))
                yield Firm(code(number), f"太原第{number}商贸有限公司")

        assert writer.add(firms()).new == 4  # type: ignore[arg-type]
        assert seen == [len(FIRMS)] * 4
        assert len(reader) == len(FIRMS) + 4


def test_a_killed_writer_leaves_whole_batches(tmp_path: Path) -> None:
    path = tmp_path / "firms.db"
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from tests.lake.firms.test_index import code
        from xinqiao.lake.firms import Firm, FirmIndex, index
        index.BATCH = 50
        def firms():
            for number in range(1000):
                if number == 375:
                    print("now", flush=True)
                    sys.stdin.readline()
                yield Firm(code(number), f"太原第{number}商贸有限公司")
        FirmIndex.create(Path(sys.argv[1])).add(firms())
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, path], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, ["src", os.environ.get("PYTHONPATH")]))},
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == "now\n"
        child.send_signal(signal.SIGKILL)
    with FirmIndex.create(path) as index:
        assert len(index) == 350
        names = [(n, f"太原第{n}商贸有限公司") for n in range(1000)]
        assert index.add(Firm(code(n), name) for n, name in names) == Added(new=650, same=350)
        assert index._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert [hit.firm.uscc for hit in index.search("太原第999商贸")] == [code(999)]


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.db"
    wrong.write_bytes(b"not a database, and long enough to be looked at" * 100)
    for opened in (FirmIndex.open, FirmIndex.create):
        with pytest.raises(Invalid) as caught:
            opened(wrong)
        assert caught.value.code is Code.FILE_UNREADABLE
    with pytest.raises(Invalid):
        FirmIndex.open(tmp_path / "absent.db")
    assert not (tmp_path / "absent.db").exists()


def test_an_index_of_another_table_of_readings_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "table_digest", lambda: "another")
    with pytest.raises(Invalid):
        FirmIndex.open(path)


NAMES = st.lists(
    st.text(st.sampled_from("山西远科技有限公司重庆银行乐TcL3"), min_size=2, max_size=8),
    min_size=1,
    max_size=12,
    unique=True,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES, st.data())
def test_every_fragment_finds_every_name_that_has_it(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject
) -> None:
    where = tmp_path_factory.mktemp("firms") / "f.db"
    with FirmIndex.create(where) as index:
        index.add(Firm(code(number), name) for number, name in enumerate(names))
        name = data.draw(st.sampled_from(names))
        start = data.draw(st.integers(0, len(name) - 2))
        typed = name[start : data.draw(st.integers(start + 2, len(name)))]
        literal = {Match.EXACT, Match.PREFIX, Match.FRAGMENT}
        hits = {hit.firm.name for hit in index.search(typed, limit=100) if hit.match in literal}
    assert hits == {one for one in names if search_form(typed) in search_form(one)}
