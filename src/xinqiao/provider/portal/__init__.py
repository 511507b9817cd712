"""The node's own pages, for the people of the institution that runs it: what was served, refused and entrusted.

They show the ledger, opaque ids and masked account numbers; never a row, a counterparty, a holder's name or a figure
of a product. Nothing here can serve a product or change an entrustment.
"""
