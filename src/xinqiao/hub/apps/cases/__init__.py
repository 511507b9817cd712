"""融资申请: what one institution does with one need, from the moment it is handed over to the end of the loan."""
