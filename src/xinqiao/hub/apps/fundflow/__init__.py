"""Queries and releases of fund-flow products: the two transactions around the call to a node, and the records of them."""
