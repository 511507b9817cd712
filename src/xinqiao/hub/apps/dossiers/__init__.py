"""企业档案: what was collected about a firm, given to whom the firm authorised, out of a cache of what was given."""
