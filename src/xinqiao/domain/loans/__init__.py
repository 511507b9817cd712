"""贷款: repayment plans, what a loan costs in all, and what becomes of it after it was drawn."""
