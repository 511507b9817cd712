"""贷款与贷后: contracts, drawdowns, plans and what happened since, as institutions report them."""
