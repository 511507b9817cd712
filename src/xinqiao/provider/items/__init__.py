"""A department's node: items called at the source and claims verified there, beside or instead of a bank's products.

The gate and the order are the bank's: check everything again, consume the permit durably, then look. What differs is
that an answer to a verification says yes or no only, in one size, at a tick of a grid.
"""
