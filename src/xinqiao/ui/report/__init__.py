"""The report as people read it: product JSON (docs/reference/report.md) in, values for the page and the PDF out.

Nothing is computed here that the provider did not sign, except what the eye needs: a sum of two shown shares, the
largest month, the words. Page and PDF are made from the same view, so they agree.
"""
