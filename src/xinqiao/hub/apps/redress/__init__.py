"""异议与信用修复: what a firm says against a record, what it asks to have repaired, and what no answer carries any more."""
