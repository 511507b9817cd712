"""Records of the collected items for demonstrations and trials: made from a seed, or mapped from public data sets.

Everything invented is recognisable: names say 演示, codes lie in a division that does not exist, identity numbers belong
to nobody (``firms``). What is mapped from public sets is read where it lies and never shipped.
"""
