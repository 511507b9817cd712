"""The program at the source: what a bank installs beside its data.

It answers ownership checks, keeps its own copies of entrustments, checks and consumes one-shot permits, computes
fund-flow products over the bank's own store and sends them out sealed. It never imports the hub: the two meet
over HTTP with signed messages only, and it re-checks everything the hub says.
"""
