"""The tree of RFC 6962: known roots, proofs in all shapes, the public vectors."""

import base64
import gzip
import json
import os
from pathlib import Path

import pytest

from xinqiao.trust.merkle import (
    EMPTY_ROOT,
    Frontier,
    MemoryTree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

# The eight leaves of the RFC 6962 reference implementation, and its roots.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_known_tree_of_eight_leaves_has_its_known_roots() -> None:
    frontier, tree = Frontier(), MemoryTree()
    assert frontier.root() == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        hashed = leaf_hash(bytes.fromhex(leaf))
        frontier.append(hashed)
        tree.append(hashed)
        assert frontier.root().hex() == root
        assert tree.root(frontier.size).hex() == root


def test_every_proof_in_trees_up_to_forty_verifies_and_no_changed_one_does() -> None:
    tree = MemoryTree(leaf_hash(bytes([i])) for i in range(40))
    for size in range(1, 41):
        root = tree.root(size)
        for index in range(size):
            proof, leaf = tree.inclusion(index, size), tree.find(0, index)
            assert verify_inclusion(index, size, leaf, proof, root)
            assert not verify_inclusion((index + 1) % size, size, leaf, proof, root) or size == 1
            assert not verify_inclusion(index, size, leaf, [*proof, root], root)
            assert not proof or not verify_inclusion(index, size, leaf, proof[:-1], root)
        for old in range(1, size + 1):
            proof = tree.consistency(old, size)
            assert verify_consistency(old, size, tree.root(old), root, proof)
            assert not verify_consistency(old, size, tree.root(old), root, [*proof, root])
            if old < size:
                assert not verify_consistency(old, size, EMPTY_ROOT, root, proof)
                assert not verify_consistency(old, size, tree.root(old), EMPTY_ROOT, proof)
                assert not verify_consistency(old, size, tree.root(old), root, proof[:-1])


def test_a_frontier_survives_its_bytes_and_goes_on_alike() -> None:
    one = Frontier()
    for i in range(100):
        two = Frontier.from_bytes(one.to_bytes())
        assert (two.size, two.root()) == (one.size, one.root())
        copy = one.copy()
        copy.append(leaf_hash(b"elsewhere"))
        one.append(leaf_hash(bytes([i])))
        two.append(leaf_hash(bytes([i])))
        assert one.root() == two.root() != copy.root()


def test_a_frontier_names_the_subtrees_that_a_leaf_completes() -> None:
    frontier, stored = Frontier(), {}
    for i in range(64):
        for node in frontier.append(leaf_hash(bytes([i]))):
            assert (node.level, node.number) not in stored
            stored[node.level, node.number] = node.hash
    assert len(stored) == 127
    for (level, number), value in stored.items():
        if level:
            assert value == node_hash(stored[level - 1, 2 * number], stored[level - 1, 2 * number + 1])


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 7, b"\0" * 7 + b"\1", b"\0" * 8 + b"x" * 32, b"\0" * 7 + b"\1xx"]
)
def test_damaged_frontiers_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        Frontier.from_bytes(data)


def test_proofs_outside_a_tree_are_refused() -> None:
    tree = MemoryTree([leaf_hash(b"a"), leaf_hash(b"b")])
    for call in (lambda: tree.inclusion(2), lambda: tree.consistency(0), lambda: tree.consistency(3)):
        with pytest.raises(ValueError):
            call()


@pytest.mark.data
@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_the_public_proof_vectors_agree_in_every_case(kind: str) -> None:
    folder = os.environ.get("XINQIAO_DATA_DIR")
    if not folder or not (path := Path(folder) / "merkle_vectors" / f"{kind}.jsonl.gz").exists():
        pytest.skip("XINQIAO_DATA_DIR does not hold merkle_vectors")

    def raw(text: str | None) -> bytes:
        return base64.b64decode(text or "")

    wrong, count = [], 0
    with gzip.open(path, "rt") as lines:
        for line in lines:
            case = json.loads(line)
            proof = [raw(p) for p in case["proof"] or []]
            if kind == "inclusion":
                ok = verify_inclusion(
                    case["leafIdx"], case["treeSize"], raw(case["leafHash"]), proof, raw(case["root"])
                )
            else:
                ok = verify_consistency(
                    case["size1"], case["size2"], raw(case["root1"]), raw(case["root2"]), proof
                )
            count += 1
            if ok is case["wantErr"]:
                wrong.append(case["_case"])
    assert wrong == []
    assert count >= 90
