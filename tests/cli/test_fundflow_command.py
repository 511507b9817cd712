"""``xinqiao fundflow``: the promised JSON, the table, and one problem object for a refused file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from xinqiao.cli import main

EXAMPLE = Path(__file__).parents[1] / "cases" / "fundflow" / "example_10_6.csv"
OPTIONS = ["--months", "2", "--as-of", "2026-02-28", "--holder", "演示企业有限公司", "--format", "json"]


def run(capsys, *args):
    status = main(["fundflow", *map(str, args)])
    return status, capsys.readouterr().out


def test_the_json_has_accounts_products_and_indicators(capsys):
    status, out = run(capsys, EXAMPLE, *OPTIONS)
    (account,) = json.loads(out)["accounts"]
    assert status == 0
    assert set(account) == {"account", "months", "products", "indicators"}
    assert (account["account"], account["months"]) == ("6217000000003017", 2)
    assert account["products"]["report"]["overview"]["operating_in"]["value"] == "180000.00"
    assert account["products"]["summary"]["rows"]
    assert len(account["indicators"]) == 108


def test_an_entry_carries_value_unit_reason_coverage_and_version(capsys):
    _, out = run(capsys, EXAMPLE, *OPTIONS)
    indicators = json.loads(out)["accounts"][0]["indicators"]
    assert indicators["B01"] == {
        "value": "89830.51",
        "unit": "Y",
        "null_reason": None,
        "coverage": "1.0000",
        "version": 1,
    }
    assert indicators["F14"]["unit"] == {"tx_count_in": "N", "tx_count_out": "N", "tx_per_active_day": "X"}
    assert set(indicators["B05"]["unit"].values()) == {"Y"}
    assert set(indicators["B05"]["unit"]) == set(indicators["B05"]["values"])


def test_every_account_of_the_file_unless_one_is_asked_for(capsys, tmp_path):
    path = tmp_path / "two.csv"
    path.write_text(
        "account_no,booked_at,direction,amount\n62-1,2026-01-05,in,1\n622,2026-01-06,in,2\n", encoding="utf-8"
    )
    _, out = run(capsys, path, "--format", "json")
    assert [a["account"] for a in json.loads(out)["accounts"]] == ["62-1", "622"]
    _, out = run(capsys, path, "--account", "6 2 1", "--format", "json")
    assert [a["account"] for a in json.loads(out)["accounts"]] == ["62-1"]


@pytest.mark.parametrize(
    ("text", "code", "facts"),
    [
        ("", "FILE_EMPTY", {}),
        ("a,b\n1,2\n", "FILE_COLUMNS", {"missing": ["account_no", "booked_at", "direction", "amount"]}),
        (
            "account_no,booked_at,direction,amount\n1,2026-01-05,in,x\n",
            "FILE_VALUE",
            {"row": 1, "field": "amount"},
        ),
        ("account_no,booked_at,direction,amount,currency\n1,2026-01-05,in,1,USD\n", "FILE_EMPTY", {}),
    ],
)
def test_a_refused_file_prints_one_problem_object_and_exits_2(capsys, tmp_path, text, code, facts):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    status, out = run(capsys, path, "--format", "json")
    problem = json.loads(out)
    assert status == 2
    assert problem["code"] == code
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert {key: problem[key] for key in facts} == facts


def test_an_unknown_account_and_a_missing_file_are_refused_too(capsys, tmp_path):
    status, out = run(capsys, EXAMPLE, "--account", "999")
    assert (status, json.loads(out)["code"]) == (2, "ACCOUNT_NOT_FOUND")
    status, out = run(capsys, tmp_path / "nothing.csv")
    assert (status, json.loads(out)["code"]) == (2, "FILE_UNREADABLE")


def test_an_ambiguous_encoding_tells_the_byte(capsys, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_bytes(b"account_no,\xff\xff\n")
    status, out = run(capsys, path)
    problem = json.loads(out)
    assert (status, problem["code"], problem["byte_offset"]) == (2, "ENCODING_AMBIGUOUS", 11)


def test_the_table_names_every_line_in_chinese(capsys):
    status, out = run(capsys, EXAMPLE, *OPTIONS[:-2])
    assert status == 0
    assert "B01  日均余额    89830.51 元" in out
    assert "F09  经营流入趋势    —  SHORT_HISTORY" in out
    assert "仅供参考" in out


def test_lists_come_from_files(capsys, tmp_path):
    (tmp_path / "core").write_text("澄州甲木业有限公司\n\n", encoding="gb18030")
    (tmp_path / "risk").write_text("没有这家\n", encoding="utf-8")
    (tmp_path / "inv").write_text(
        "buyer,day,amount\n澄州甲木业有限公司,2026-01-01,100000\n", encoding="utf-8"
    )
    _, out = run(
        capsys, EXAMPLE, *OPTIONS, "--core-buyers", tmp_path / "core", "--high-risk", tmp_path / "risk",
        "--invoices", tmp_path / "inv", "--declared-sales", "200000",
    )  # fmt: skip
    indicators = json.loads(out)["accounts"][0]["indicators"]
    assert indicators["K14"]["value"] == "1.0000"
    assert indicators["A11"]["value"] == "0.0000"
    assert indicators["A12"]["value"] == "0.5556"  # 100000/180000
    assert indicators["A13"]["value"] == "0.1000"  # 1 - 180/200


@pytest.mark.parametrize("engine", ["exact", "fast"])
def test_an_account_in_a_currency_without_a_rate_has_no_rows_on_the_day_that_is_stated(
    capsys, tmp_path, engine
):
    path = tmp_path / "usd.csv"
    path.write_text(
        "account_no,booked_at,direction,amount,currency\n1,2026-01-05,in,10,USD\n", encoding="utf-8"
    )
    status, out = run(
        capsys,
        path,
        "--as-of",
        "2026-01-31",
        "--related",
        "李四",
        "--engine",
        engine,
        "--merge",
        "--format",
        "json",
    )
    assert status == 0
    answer = json.loads(out)
    (account,) = answer["accounts"]
    for head in (account["products"]["report"]["head"], answer["merged"]["products"]["report"]["head"]):
        assert head["parameters"]["foreign_left_out"] == 1
        assert head["as_of"] == "2026-01-31"
    assert account["indicators"]["F17"]["null_reason"] == "NO_ROWS"
    assert set(account["indicators"]["C07"]["null_reason"].values()) == {"NO_ROWS"}


def test_foreign_rows_need_a_rate(capsys, tmp_path):
    path = tmp_path / "usd.csv"
    path.write_text(
        "account_no,booked_at,direction,amount,currency\n1,2026-01-05,in,10,USD\n1,2026-01-31,in,1,\n",
        encoding="utf-8",
    )
    rates = tmp_path / "rates.csv"
    _, out = run(capsys, path, "--format", "json")
    account = json.loads(out)["accounts"][0]
    assert account["products"]["report"]["head"]["parameters"]["foreign_left_out"] == 1
    assert account["indicators"]["F01"]["values"]["gross_in"] == "1.00"
    for text in (
        "date,currency,rate\n2026-01-05,USD,7.0123\n",
        "currency,day,rate\nUSD,2026-01-05,7.0123\n",
        "date,currency,rate\n,USD,7.0123\n",
    ):
        rates.write_text(text, encoding="utf-8")
        _, out = run(capsys, path, "--parity", rates, "--format", "json")
        account = json.loads(out)["accounts"][0]
        assert account["indicators"]["F01"]["values"]["gross_in"] == "71.12"
        assert account["products"]["report"]["overview"]["non_cny_share"]["value"] == "0.9859"


ROWS = "account_no,booked_at,direction,amount,currency\n1,2026-01-05,in,10,USD\n1,2026-01-31,in,1,\n"


@pytest.mark.parametrize(
    ("option", "text", "code", "facts"),
    [
        ("--invoices", "", "FILE_COLUMNS", {"missing": ["buyer", "day", "amount"]}),
        ("--invoices", f"buyer,day,amount\n{'x' * 200_000},2026-01-05,1\n", "FILE_UNREADABLE", {}),
        ("--invoices", 'buyer,day,amount\n"x,2026-01-05,1\n', "FILE_UNREADABLE", {}),
        ("--invoices", "buyer,day,amount\nx,2026-W01-1,1\n", "FILE_VALUE", {"row": 1}),
        ("--parity", "currency,rate\nUSD,7\n", "FILE_COLUMNS", {"missing": ["date"]}),
        ("--parity", "currency,day,rate\nUSD,20260105,7\n", "FILE_VALUE", {"row": 1}),
        ("--parity", "currency,day,rate\nUSD,2026-01-05,1e999999999\n", "FILE_VALUE", {"row": 1}),
        ("--parity", "currency,day,rate\nUSD,2026-01-05,-7\n", "FILE_VALUE", {"row": 1}),
        ("--parity", "currency,day,rate\nUSD,2026-01-05,0.0\n", "FILE_VALUE", {"row": 1, "field": "rate"}),
        (
            "--parity",
            "currency,day,rate\nUSD,2026-01-05,7\nusd,2026-01-05,7.0\nUSD,2026-01-05,8\n",
            "FILE_VALUE",
            {"row": 3, "field": "rate"},
        ),
        (
            "--parity",
            "currency,day,rate\nUSD,2026-01-05,999999999999\n",
            "FILE_VALUE",
            {"row": 1, "field": "amount"},
        ),
    ],
)
def test_a_list_file_that_cannot_be_read_is_one_problem_object_too(
    capsys, tmp_path, option, text, code, facts
):
    (tmp_path / "rows.csv").write_text(ROWS.replace("in,10,", "in,99999999,"), encoding="utf-8")
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    status, out = run(capsys, tmp_path / "rows.csv", option, tmp_path / "list.csv")
    problem = json.loads(out)
    assert (status, problem["code"]) == (2, code)
    assert {key: problem[key] for key in facts} == facts


def test_what_is_no_text_is_printed_escaped_and_never_ends_in_a_traceback(tmp_path):
    # a process of its own: the argument and the stream must be real bytes
    done = subprocess.run(
        [sys.executable, "-m", "xinqiao.cli", "fundflow", EXAMPLE, "--account", b"\xff"],
        capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["detail"].endswith("\udcff")


def test_a_short_account_number_is_hidden_whole(capsys, tmp_path):
    path = tmp_path / "short.csv"
    path.write_text("account_no,booked_at,direction,amount\n123-456789,2026-01-05,in,1\n", encoding="utf-8")
    _, out = run(capsys, path, "--format", "json")
    assert json.loads(out)["accounts"][0]["products"]["report"]["head"]["account_masked"] == "****"


@pytest.mark.parametrize(
    "option",
    [
        ("--months", "0"),
        ("--months", "37"),
        ("--as-of", "2026-2-1"),
        ("--as-of", "1800-01-01"),
        ("--as-of", "2026-W01-1"),
        ("--cash-limit", "0"),
        ("--declared-sales=-1",),
    ],
)
def test_a_bad_option_is_a_usage_error(option):
    with pytest.raises(SystemExit) as caught:
        main(["fundflow", str(EXAMPLE), *option])
    assert caught.value.code == 2


@pytest.mark.parametrize("name", ["example_10_6", "balances", "parties", "channels", "obligations"])
def test_both_engines_print_the_same(capsys, name):
    path = EXAMPLE.parent / f"{name}.csv"
    _, exact = run(capsys, path, "--engine", "exact", "--format", "json")
    _, fast = run(capsys, path, "--engine", "fast", "--format", "json")

    def comparable(text):
        return [line for line in text.splitlines() if '"generated_at"' not in line]

    assert comparable(exact) == comparable(fast)


def test_the_accounts_of_a_file_can_be_merged(capsys, tmp_path):
    path = tmp_path / "two.csv"
    path.write_text(
        "account_no,booked_at,direction,amount\nA1,2026-01-05,in,1\nA2,2026-01-31,in,2\n", encoding="utf-8"
    )
    _, out = run(capsys, path, "--merge", "--format", "json")
    merged = json.loads(out)["merged"]["products"]["report"]
    assert merged["head"]["accounts_covered"] == 2
    assert merged["overview"]["in_amount"]["value"] == "3.00"
    _, out = run(capsys, path, "--format", "json")
    assert set(json.loads(out)) == {"accounts"}
