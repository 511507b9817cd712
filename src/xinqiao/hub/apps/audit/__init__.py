"""The audit log: a Merkle tree of leaves, each written in the transaction of its effect. The lowest app of all."""
