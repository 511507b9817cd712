"""The offline verifier: lawful files pass, and every kind of wrong is named with its leaf."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from xinqiao.campaigns.synthetic_log import ORIGIN, START, SyntheticLog, synthetic_log
from xinqiao.campaigns.tamper import rechain, run
from xinqiao.cli.verify import main_verify
from xinqiao.domain.canonical import digest_hex
from xinqiao.trust.checkpoint import Checkpoint, sign_checkpoint
from xinqiao.trust.export import ConsistencyProof, ProvenLeaf, bundle_bytes, ledger_lines, log_lines
from xinqiao.trust.findings import Finding, VerifyReport
from xinqiao.trust.jws import sign_jws
from xinqiao.trust.keys import SigningKey
from xinqiao.trust.leaf import NO_LEAF, Leaf, LeafType, instant_text
from xinqiao.trust.merkle import MemoryTree, leaf_hash
from xinqiao.trust.suites import SM
from xinqiao.trust.verify import MAX_LINE_BYTES, Owner, Role, verify_file, verify_stream

KEY = SigningKey.generate()


@pytest.fixture(scope="module")
def log() -> SyntheticLog:
    return synthetic_log(600, 3, every=100)


def _write(path: Path, lines: list[bytes], notes: list[str], key: SigningKey) -> Path:
    path.write_bytes(b"".join(log_lines(ORIGIN, [key.public], notes, lines)))
    return path


def _sign(lines: list[bytes], key: SigningKey = KEY) -> str:
    tree = MemoryTree(map(leaf_hash, lines))
    return sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root()), key)


def _codes(report: VerifyReport) -> set[Finding]:
    return {p.code for p in report.problems}


def test_a_lawful_log_passes_and_says_whether_the_keys_are_its_own(log: SyntheticLog, tmp_path: Path) -> None:
    path = _write(tmp_path / "log", log.lines, log.notes, log.key)
    report = verify_file(path)
    assert (report.ok, report.leaves, report.checkpoints, report.first_bad) == (True, 600, 6, None)
    assert report.keys_from_file
    trusted = verify_file(path, trusted_keys=[log.key.public], known_checkpoints=log.notes[1:3])
    assert trusted.ok
    assert not trusted.keys_from_file
    assert Finding.UNTRUSTED_KEY in _codes(verify_file(path, trusted_keys=[KEY.public]))


@pytest.mark.parametrize("place", [0, 1, 99, 100, 250, 598])
def test_a_changed_leaf_is_named(log: SyntheticLog, tmp_path: Path, place: int) -> None:
    lines = list(log.lines)
    lines[place] = lines[place].replace(
        b'"commitments":{"subject_name":"', b'"commitments":{"subject_name":"f'
    )
    report = verify_file(_write(tmp_path / "log", lines, log.notes, log.key))
    assert report.first_bad == place
    assert Finding.CHAIN_BROKEN in _codes(report)


@pytest.mark.parametrize(
    ("change", "code", "first"),
    [
        (lambda x: x[:300] + x[301:], Finding.INDEX_GAP, 300),
        (lambda x: [*x[:300], x[301], x[300], *x[302:]], Finding.INDEX_GAP, 300),
        (lambda x: [*x[:300], x[300], *x[300:]], Finding.INDEX_GAP, 301),
        (lambda x: x[:450], Finding.TRUNCATED, 450),
        (lambda x: [*x, *rechain([x[5]], 600, leaf_hash(x[-1]))], Finding.TAIL_UNSIGNED, 600),
        (lambda x: [*x[:300], b"", *x[301:]], Finding.MALFORMED, 300),
        (lambda x: [*x[:300], b" " + x[300], *x[301:]], Finding.MALFORMED, 300),
        (lambda x: [*x[:300], x[300].replace(b"demo.", b"demp."), *x[301:]], Finding.WRONG_LOG, 300),
    ],
)
def test_each_kind_of_tampering_has_its_code_and_place(
    log: SyntheticLog, tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], code: Finding, first: int
) -> None:
    report = verify_file(_write(tmp_path / "log", change(log.lines), log.notes, log.key))
    assert code in _codes(report)
    assert report.first_bad == first


def test_a_history_rewritten_and_rechained_is_found_between_two_heads(
    log: SyntheticLog, tmp_path: Path
) -> None:
    lines = [*log.lines[:350], *rechain(log.lines[351:], 350, leaf_hash(log.lines[349]))]
    report = verify_file(_write(tmp_path / "log", lines, log.notes, log.key))
    assert Finding.ROOT_MISMATCH in _codes(report)
    assert report.first_bad is not None
    assert 300 <= report.first_bad <= 350


def test_a_fork_or_an_old_copy_signed_with_the_real_key_needs_a_head_kept_elsewhere(
    log: SyntheticLog, tmp_path: Path
) -> None:
    old = log.lines[:400]
    path = _write(tmp_path / "old", old, [_sign(old, log.key)], log.key)
    assert verify_file(path).ok
    assert Finding.TRUNCATED in _codes(verify_file(path, known_checkpoints=[log.notes[-1]]))
    other = synthetic_log(600, 4).lines
    path = _write(tmp_path / "fork", other, [_sign(other, log.key)], log.key)
    assert verify_file(path).ok
    assert Finding.FORK in _codes(verify_file(path, known_checkpoints=[log.notes[2]]))


def test_a_log_without_a_good_head_proves_nothing(log: SyntheticLog, tmp_path: Path) -> None:
    assert _codes(verify_file(_write(tmp_path / "a", log.lines, [], log.key))) == {Finding.NO_CHECKPOINT}
    forged = _write(tmp_path / "b", log.lines, [_sign(log.lines, KEY)], log.key)
    assert Finding.CHECKPOINT_SIGNATURE in _codes(verify_file(forged))


@pytest.mark.parametrize(
    "text", [b"", b"x", b"{}\n", b"[]\n", b'{"format":"xinqiao-log","version":2}\n', b"\xff\n"]
)
def test_what_is_no_export_is_said_to_be_none(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "f"
    path.write_bytes(text)
    assert _codes(verify_file(path)) <= {Finding.MALFORMED, Finding.UNKNOWN_FORMAT}
    assert not verify_file(path).ok


def test_a_version_of_true_is_not_the_number_one(log: SyntheticLog, tmp_path: Path) -> None:
    for path in (
        _write(tmp_path / "log", log.lines, log.notes, log.key),
        _ledger(log, "bank-3", tmp_path),
        _bundle(tmp_path),
    ):
        assert b'"version":1' in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":true'))
        assert _codes(verify_file(path)) == {Finding.UNKNOWN_FORMAT}
    lines = _story(GRANT, PERMIT, USE)
    lines[2] = lines[2].replace(b'"v":1', b'"v":true')
    report = verify_file(_write(tmp_path / "log", lines, [_sign(lines)], KEY))
    assert Finding.MALFORMED in _codes(report)
    assert report.first_bad == 2


def _story(
    *steps: tuple[LeafType, dict[str, str], dict[str, Any]], gap: timedelta = timedelta(seconds=1)
) -> list[bytes]:
    lines, prev, at = [], NO_LEAF, START
    for index, (kind, ids, facts) in enumerate(steps):
        at += gap
        lines.append(Leaf(ORIGIN, index, at, kind, ids, facts, {}, prev).to_bytes())
        prev = leaf_hash(lines[-1])
    return lines


WHO = {"authorisation": "a1", "institution": "b1"}
P1, P2 = WHO | {"permit": "p1", "entrustment": "e1"}, WHO | {"permit": "p2", "entrustment": "e1"}
FLOW: dict[str, Any] = {"product": "FLOW_REPORT"}
TERMS: dict[str, Any] = {
    "valid_from": instant_text(START),
    "valid_to": instant_text(START + timedelta(hours=1)),
    "max_uses": 1,
    "products": ["FLOW_REPORT"],
}
T = LeafType
GRANT, PERMIT, USE = (T.GRANT, WHO, TERMS), (T.PERMIT, P1, FLOW), (T.USE, P1, FLOW)
PERMIT2, USE2, REVOKE = (T.PERMIT, P2, FLOW), (T.USE, P2, FLOW), (T.REVOKE, WHO, {})
BOTH: dict[str, Any] = {"products": ["FLOW_REPORT", "OTHER"]}
SEVERAL = (T.GRANT, WHO, TERMS | {"products": ["OTHER", "FLOW_REPORT", "THIRD"]})
BIND, UNBIND = (T.BIND, {"entrustment": "e1"}, {}), (T.UNBIND, {"entrustment": "e1"}, {})


@pytest.mark.parametrize(
    ("steps", "code", "index", "other"),
    [
        ([BIND, GRANT, PERMIT, USE, REVOKE, UNBIND], None, None, None),
        ([GRANT, PERMIT, REVOKE, (T.DENY, P1, FLOW)], None, None, None),
        ([GRANT, (T.APPEND, WHO, TERMS | {"max_uses": 2}), PERMIT, USE, PERMIT2, USE2], None, None, None),
        ([PERMIT, USE, GRANT], Finding.USE_BEFORE_GRANT, 1, None),
        ([GRANT, PERMIT, REVOKE, USE], Finding.USE_AFTER_REVOKE, 3, 2),
        ([GRANT, PERMIT, USE, PERMIT2, USE2], Finding.USE_OUTSIDE_GRANT, 4, 0),
        (
            [(T.GRANT, WHO, TERMS | {"valid_to": instant_text(START)}), PERMIT, USE],
            Finding.USE_OUTSIDE_GRANT,
            2,
            0,
        ),
        ([(T.GRANT, WHO, TERMS | {"products": ["OTHER"]}), PERMIT, USE], Finding.USE_OUTSIDE_GRANT, 2, 0),
        ([(T.GRANT, WHO | {"institution": "b2"}, TERMS), PERMIT, USE], Finding.USE_OUTSIDE_GRANT, 2, 0),
        ([SEVERAL, (T.PERMIT, P1, BOTH), (T.USE, P1, BOTH)], None, None, None),
        ([GRANT, (T.PERMIT, P1, BOTH), (T.USE, P1, BOTH)], Finding.USE_OUTSIDE_GRANT, 2, 0),
        ([SEVERAL, (T.PERMIT, P1, FLOW), (T.USE, P1, BOTH)], Finding.USE_OUTSIDE_PERMIT, 2, 1),
        (
            [SEVERAL, (T.PERMIT, P1, {"products": []}), (T.USE, P1, {"products": []})],
            Finding.USE_OUTSIDE_GRANT,
            2,
            0,
        ),
        ([GRANT, USE], Finding.USE_WITHOUT_PERMIT, 1, None),
        ([GRANT, PERMIT, (T.USE, P1, {"product": "OTHER"})], Finding.USE_OUTSIDE_PERMIT, 2, 1),
        ([GRANT, PERMIT, USE, (T.DENY, P1, FLOW)], Finding.PERMIT_ENDED_TWICE, 3, 2),
        ([GRANT, PERMIT, USE, PERMIT], Finding.PERMIT_TWICE, 3, 2),
        ([GRANT, PERMIT, PERMIT], Finding.PERMIT_TWICE, 2, 1),
        ([BIND, GRANT, PERMIT, UNBIND, USE], Finding.USE_OUTSIDE_ENTRUSTMENT, 4, 3),
        ([GRANT, GRANT], Finding.GRANT_TWICE, 1, 0),
        ([(T.APPEND, WHO, TERMS)], Finding.CHANGE_WITHOUT_GRANT, 0, None),
        ([REVOKE], Finding.CHANGE_WITHOUT_GRANT, 0, None),
        ([GRANT, REVOKE, (T.APPEND, WHO, TERMS)], Finding.CHANGE_AFTER_REVOKE, 2, 1),
        ([(T.GRANT, WHO, {})], Finding.MEMBER_MISSING, 0, None),
        ([GRANT, (T.USE, WHO, FLOW)], Finding.MEMBER_MISSING, 1, None),
        ([(T.PERMIT, WHO, FLOW)], Finding.MEMBER_MISSING, 0, None),
    ],
)
def test_the_order_of_business_is_judged_and_both_leaves_are_named(
    tmp_path: Path, steps: list[Any], code: Finding | None, index: int | None, other: int | None
) -> None:
    lines = _story(*steps)
    report = verify_file(_write(tmp_path / "log", lines, [_sign(lines)], KEY))
    if code is None:
        assert report.ok, report.problems
        return
    assert (code, index, other) in [(p.code, p.index, p.other) for p in report.problems]
    assert report.first_bad == index


def test_a_permit_left_without_an_end_is_an_omission_after_five_minutes(tmp_path: Path) -> None:
    for gap, ok in ((timedelta(seconds=299), True), (timedelta(seconds=301), False)):
        lines = _story(GRANT, PERMIT, (T.LOGIN, {}, {}), gap=gap)
        report = verify_file(_write(tmp_path / "log", lines, [_sign(lines)], KEY))
        assert report.ok is ok
        assert ok or _codes(report) == {Finding.PERMIT_WITHOUT_END}


def test_a_leaf_dated_before_its_predecessor_is_back_dated(tmp_path: Path) -> None:
    lines = _story(GRANT, PERMIT, USE, gap=timedelta(seconds=-1))
    report = verify_file(_write(tmp_path / "log", lines, [_sign(lines)], KEY))
    assert Finding.TIME_REVERSED in _codes(report)


def _ledger(log: SyntheticLog, party: str, tmp_path: Path, **change: Any) -> Path:
    tree = MemoryTree(map(leaf_hash, log.lines))
    mine = [i for i, line in enumerate(log.lines) if party in json.loads(line)["ids"].values()]
    leaves = [ProvenLeaf(i, log.lines[i], tree.inclusion(i), 600) for i in change.get("indexes", mine)]
    proofs = change.get("consistency", [ConsistencyProof(300, 600, tree.consistency(300))])
    notes = [log.notes[2], log.notes[5]]
    path = tmp_path / "ledger"
    path.write_bytes(b"".join(ledger_lines(ORIGIN, [log.key.public], notes, proofs, party, leaves)))
    return path


def test_a_partys_own_ledger_is_proven_leaf_by_leaf(log: SyntheticLog, tmp_path: Path) -> None:
    report = verify_file(_ledger(log, "bank-3", tmp_path), trusted_keys=[log.key.public])
    assert report.ok, report.problems
    assert report.kind == "ledger"
    assert report.leaves > 20


def test_a_changed_moved_or_foreign_leaf_of_a_ledger_is_found(log: SyntheticLog, tmp_path: Path) -> None:
    path = _ledger(log, "bank-3", tmp_path)
    header, first, second, *rest = path.read_bytes().splitlines(keepends=True)
    name = json.loads(first)["i"]
    path.write_bytes(b"".join([header, first.replace(b"subject_name", b"subject_nome"), second, *rest]))
    report = verify_file(path)
    assert Finding.INCLUSION in _codes(report)
    assert report.first_bad == name
    path.write_bytes(b"".join([header, second, first, *rest]))
    assert Finding.INDEX_GAP in _codes(verify_file(path))
    path.write_bytes(b"".join([header, first, first, *rest]))
    assert Finding.INDEX_GAP in _codes(verify_file(path))
    path.write_bytes(b"".join([header.replace(b'"bank-3"', b'"bank-4"'), first, second, *rest]))
    assert Finding.NOT_CONCERNED in _codes(verify_file(path))
    assert Finding.CONSISTENCY in _codes(verify_file(_ledger(log, "bank-3", tmp_path, consistency=[])))
    wrong = [ConsistencyProof(300, 600, [bytes(32)])]
    assert Finding.CONSISTENCY in _codes(verify_file(_ledger(log, "bank-3", tmp_path, consistency=wrong)))


def test_a_head_is_the_platforms_word_and_nobody_elses(log: SyntheticLog, tmp_path: Path) -> None:
    for path in (_write(tmp_path / "log", log.lines, log.notes, log.key), _ledger(log, "bank-3", tmp_path)):
        for role, ok in ((Role.PLATFORM, True), (Role.NODE, False), (Role.INSTITUTION, False)):
            owners = {log.key.public.kid: [Owner(role, "x")]}
            report = verify_file(path, trusted_keys=[log.key.public], owners=owners)
            assert report.ok is ok
            assert ok or Finding.UNTRUSTED_KEY in _codes(report)


def test_every_flipped_bit_of_a_ledger_is_found(log: SyntheticLog, tmp_path: Path) -> None:
    path = _ledger(log, "bank-3", tmp_path)
    raw = b"".join(path.read_bytes().splitlines(keepends=True)[:3])
    path.write_bytes(raw)
    assert verify_file(path).ok
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        assert not verify_file(path).ok, (place, raw[max(0, place - 20) : place + 20])


HUB, NODE, BANK = (SigningKey.generate() for _ in range(3))
PRODUCT = '{"income":"12.50"}'


def _bundle(tmp_path: Path, **change: Any) -> Path:
    first = {"artefact": "authorisation", "id": "a1", "predecessor": None}
    second = {"artefact": "authorisation", "id": "a1", "predecessor": digest_hex(first)}
    bond = {"artefact": "entrustment", "id": "e1"}
    permit = {
        "artefact": "permit",
        "jti": "p1",
        "authorisation": {"id": "a1", "digest": digest_hex(second)},
        "entrustment": {"id": "e1", "digest": digest_hex(bond)},
    }
    product = {"permit": "p1", "digest": sha256(PRODUCT.encode()).hexdigest()}
    tokens = {
        "first": sign_jws(first, HUB, "xq-authorisation+jwt"),
        "second": sign_jws(second, HUB, "xq-authorisation+jwt"),
        "bond": sign_jws(bond, HUB, "xq-entrustment+jwt"),
        "permit": sign_jws(permit, HUB, "xq-permit+jwt"),
        "product": sign_jws(product, NODE, "xq-product+jwt"),
    } | change.get("tokens", {})
    path = tmp_path / "bundle"
    lines = _story(GRANT, PERMIT, USE)
    tree = MemoryTree(map(leaf_hash, lines))
    path.write_bytes(
        bundle_bytes(
            ORIGIN,
            [HUB.public, NODE.public],
            [token for token in tokens.values() if token],
            product=change.get("product", PRODUCT),
            notes=[_sign(lines, HUB)],
            leaves=[ProvenLeaf(i, lines[i], tree.inclusion(i), 3) for i in range(3)],
        )
    )
    return path


def test_a_report_bundle_proves_where_its_product_came_from(tmp_path: Path) -> None:
    report = verify_file(_bundle(tmp_path), trusted_keys=[HUB.public, NODE.public])
    assert report.ok, report.problems
    assert (report.kind, report.leaves) == ("bundle", 8)


def _receipt(permit: str, **change: Any) -> str:
    claims = {
        "jti": "p1",
        "request": sha256(permit.encode()).hexdigest(),
        "product_digest": sha256(b"sealed").hexdigest(),
    }
    return sign_jws(claims | change, NODE, "xq-receipt+jwt")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"jti": "p2"}, Finding.ARTEFACT_CHAIN),
        ({"request": "00"}, Finding.ARTEFACT_CHAIN),
        ({"product_digest": "00"}, Finding.DIGEST_MISMATCH),
    ],
)
def test_a_receipt_ties_the_sealed_product_to_the_very_permit_token(
    tmp_path: Path, change: dict[str, Any], code: Finding | None
) -> None:
    permit = sign_jws({"jti": "p1", "authorisation": None}, HUB, "xq-permit+jwt")
    tokens = {"permit": permit, "product": None, "receipt": _receipt(permit, **change)}
    report = verify_file(_bundle(tmp_path, product="sealed", tokens=tokens))
    assert _codes(report) == ({code} if code else set())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"product": PRODUCT.replace("12", "13")}, Finding.DIGEST_MISMATCH),
        ({"tokens": {"product": None}}, Finding.DIGEST_MISMATCH),
        ({"tokens": {"first": None}}, Finding.ARTEFACT_CHAIN),
        ({"tokens": {"second": None}}, Finding.ARTEFACT_CHAIN),
        ({"tokens": {"bond": None}}, Finding.ARTEFACT_CHAIN),
        ({"tokens": {"permit": None}}, Finding.ARTEFACT_CHAIN),
        ({"tokens": {"permit": sign_jws({"jti": "p1"}, BANK, "xq-permit+jwt")}}, Finding.ARTEFACT_SIGNATURE),
        ({"tokens": {"permit": "x.y.z"}}, Finding.ARTEFACT_SIGNATURE),
    ],
)
def test_a_bundle_that_does_not_hold_together_is_refused(
    tmp_path: Path, change: dict[str, Any], code: Finding
) -> None:
    assert code in _codes(verify_file(_bundle(tmp_path, **change)))


@pytest.mark.parametrize(
    ("typ", "claims"),
    [
        ("permit", {"jti": ["p1"]}),
        ("permit", {"jti": "p1", "authorisation": {"digest": ["00"]}}),
        ("authorisation", {"predecessor": {"digest": "00"}}),
        ("product", {"permit": ["p1"]}),
        ("receipt", {"jti": {"id": "p1"}}),
    ],
)
def test_a_claim_of_another_shape_is_a_finding_and_no_crash(
    tmp_path: Path, typ: str, claims: dict[str, Any]
) -> None:
    path = tmp_path / "bundle"
    path.write_bytes(bundle_bytes(ORIGIN, [HUB.public], [sign_jws(claims, HUB, f"xq-{typ}+jwt")]))
    assert _codes(verify_file(path)) == (set() if claims == {"jti": ["p1"]} else {Finding.ARTEFACT_CHAIN})


def test_a_head_of_a_bundle_that_is_not_good_is_said_beside_one_that_is(tmp_path: Path) -> None:
    lines = _story(GRANT, PERMIT, USE)
    tree = MemoryTree(map(leaf_hash, lines))
    leaves = [ProvenLeaf(i, lines[i], tree.inclusion(i), 3) for i in range(3)]
    path = tmp_path / "bundle"
    for forged, codes in (
        (_sign(lines, HUB), set()),
        (_sign(lines[:2], BANK), {Finding.CHECKPOINT_SIGNATURE}),
    ):
        notes = [_sign(lines, HUB), forged]
        path.write_bytes(bundle_bytes(ORIGIN, [HUB.public], [], notes=notes, leaves=leaves))
        assert _codes(verify_file(path)) == codes


def test_a_head_that_is_not_ascii_is_a_finding_and_no_crash(log: SyntheticLog, tmp_path: Path) -> None:
    strange = f"{ORIGIN}\n1\né\n\n— {ORIGIN} AAAAAAAA\n"
    path = _write(tmp_path / "log", log.lines, [*log.notes, strange], log.key)
    assert _codes(verify_file(path)) == {Finding.CHECKPOINT_SIGNATURE}
    good = _write(tmp_path / "good", log.lines, log.notes, log.key)
    assert Finding.CHECKPOINT_SIGNATURE in _codes(verify_file(good, known_checkpoints=[strange]))


class _Counting(io.BytesIO):
    """A file that tells the longest piece it was asked for at once."""

    longest = 0

    def __next__(self) -> bytes:
        return self.readline()

    def readline(self, size: int | None = -1, /) -> bytes:
        piece = super().readline(-1 if size is None else size)
        self.longest = max(self.longest, len(piece))
        return piece


@pytest.mark.parametrize("kind", ["log", "ledger"])
def test_a_line_without_end_is_not_read_into_memory(log: SyntheticLog, tmp_path: Path, kind: str) -> None:
    whole = (
        _write(tmp_path / "log", log.lines, log.notes, log.key)
        if kind == "log"
        else _ledger(log, "bank-3", tmp_path)
    ).read_bytes()
    source = _Counting(whole + b"x" * (3 * MAX_LINE_BYTES))
    report = verify_stream(source)
    assert Finding.MALFORMED in _codes(report)
    assert source.longest <= MAX_LINE_BYTES


def test_every_flipped_bit_of_a_bundle_is_found(tmp_path: Path) -> None:
    path = _bundle(tmp_path)
    raw = path.read_bytes()
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 << place % 7
        path.write_bytes(changed)
        assert not verify_file(path).ok, raw[max(0, place - 20) : place + 20]


def test_the_command_speaks_chinese_or_json_and_tells_by_its_status(
    log: SyntheticLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = _write(tmp_path / "good", log.lines, log.notes, log.key)
    key, head = tmp_path / "key.jwk", tmp_path / "head"
    key.write_text(json.dumps(log.key.to_jwk()))
    head.write_text(log.notes[1])
    assert main_verify([str(good), "--key", str(key), "--checkpoint", str(head)]) == 0
    assert "核验通过" in capsys.readouterr().out
    bad = _write(tmp_path / "bad", log.lines[1:], log.notes, log.key)
    assert main_verify([str(bad), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["first_bad"] == 0
    assert main_verify([str(bad)]) == 1
    assert "首个不可信的条目 first bad leaf：0" in capsys.readouterr().out
    assert main_verify([str(tmp_path / "absent")]) == 2
    assert main_verify([str(good), "--key", str(head)]) == 2


def test_every_finding_has_words_for_people() -> None:
    from xinqiao.cli.verify import _WORDS

    assert set(_WORDS) == set(Finding)


@pytest.mark.slow
def test_a_slice_of_the_tamper_campaign_finds_everything() -> None:
    result = run(leaves=400, mutations=2500, seed=11, whole_files=25)
    assert result["missed"] == []
    assert result["found"] == 2500
    located, local = result["located"], result["locatable"]
    assert isinstance(located, int)
    assert isinstance(local, int)
    assert located >= 0.99 * local


def test_the_tamper_campaign_can_fail() -> None:
    from xinqiao.campaigns import tamper

    log = synthetic_log(50, 1)
    verifier = tamper._verifier(log.notes, log.key.public)
    harmless = tamper.Mutation("nothing", 0, lambda: iter(log.lines))
    assert not tamper._judge(verifier, harmless).problems


def test_the_verifier_needs_nothing_but_the_standard_library_and_cryptography(
    log: SyntheticLog, tmp_path: Path
) -> None:
    path = _write(tmp_path / "log", log.lines, log.notes, log.key)
    code = (
        "import sys; from xinqiao.trust.verify import verify_file; ok = verify_file(sys.argv[1]).ok\n"
        "allowed = set(sys.stdlib_module_names) | {'xinqiao', 'cryptography', '_cffi_backend'}\n"
        "tops = {m.partition('.')[0] for m, v in sys.modules.items() if getattr(v, '__spec__', None)}\n"
        "print(ok, sorted(t for t in tops - allowed if not t.startswith('_')))"
    )
    run_it = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert run_it.stdout.strip() == "True []"


def test_a_log_with_a_national_second_signature_verifies_with_either_key(
    log: SyntheticLog, tmp_path: Path
) -> None:
    national = SigningKey.generate(SM)
    tree = MemoryTree(map(leaf_hash, log.lines))
    note = sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root()), log.key, second=national)
    path = tmp_path / "log"
    path.write_bytes(b"".join(log_lines(ORIGIN, [log.key.public, national.public], [note], log.lines)))
    assert verify_file(path).ok
    assert verify_file(path, trusted_keys=[log.key.public, national.public]).ok
    *head, second, end = note.split("\n")
    broken = "\n".join([*head, second[:-9] + ("A" if second[-9] != "A" else "B") + second[-8:], end])
    path.write_bytes(b"".join(log_lines(ORIGIN, [log.key.public, national.public], [broken], log.lines)))
    assert not verify_file(path).ok
