"""The institution's own ledger, read: which leaves concern a report, and the bundle that carries their proofs.

The ledger's lines are written by ``trust.export``; they are verified by ``trust.verify``. Here they are only picked out.
"""

import io
import json
from base64 import b64decode

from xinqiao.client.item_answer import ItemAnswer
from xinqiao.client.report import Report
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, NotFound
from xinqiao.trust.export import ConsistencyProof, ProvenLeaf
from xinqiao.trust.findings import VerifyReport
from xinqiao.trust.keys import VerifyKey
from xinqiao.trust.verify import verify_stream


def check_ledger(ledger: bytes, keys: list[VerifyKey]) -> VerifyReport:
    """Verify a ledger in memory against keys obtained elsewhere (the anchor, the directory)."""
    return verify_stream(io.BytesIO(ledger), trusted_keys=keys)


def proof_of(report: Report | ItemAnswer, ledger: bytes) -> bytes:
    """The report's bundle with the leaves of its authorisation, permit and use, each under a signed head.

    Raises:
        NotFound: the use is not in this ledger (yet). Invalid: no ledger.
    """
    lines = ledger.splitlines()
    try:
        header, entries = json.loads(lines[0]), [json.loads(line) for line in lines[1:]]
        notes = tuple(str(note) for note in header["checkpoints"])
        between = tuple(_consistency(item) for item in header["consistency"])
        leaves = tuple(_leaf(entry) for entry in entries if _concerns(entry, report))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Invalid(Code.INVALID, "not a ledger", facts={"field": "ledger"}) from error
    if report.use_leaf.index not in {leaf.index for leaf in leaves}:
        raise NotFound("the use is not in this ledger yet")
    return report.bundle(notes=notes, consistency=between, leaves=leaves)


def _concerns(entry: dict[str, Json], report: Report | ItemAnswer) -> bool:
    """Grant, appends and the report's own permit and use; later leaves say nothing about this report."""
    ids: dict[str, Json] = dict(json.loads(str(entry["leaf"]))["ids"])
    index = entry["i"]
    mine = ids.get("authorisation") == report.authorisation_id and ids.get("query") in (None, report.id)
    return mine and isinstance(index, int) and index <= report.use_leaf.index


def _hashes(value: list[str]) -> list[bytes]:
    return [b64decode(item, validate=True) for item in value]


def _leaf(entry: dict[str, Json]) -> ProvenLeaf:
    index, size, proof = entry["i"], entry["size"], entry["proof"]
    if type(index) is not int or type(size) is not int or not isinstance(proof, list):
        raise ValueError("an entry has i, leaf, proof and size")
    return ProvenLeaf(index, str(entry["leaf"]).encode(), _hashes([str(one) for one in proof]), size)


def _consistency(item: dict[str, Json]) -> ConsistencyProof:
    old, new, proof = item["from"], item["to"], item["proof"]
    if type(old) is not int or type(new) is not int or not isinstance(proof, list):
        raise ValueError("a consistency proof has from, to and proof")
    return ConsistencyProof(old, new, _hashes([str(one) for one in proof]))
