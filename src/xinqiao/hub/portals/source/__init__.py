"""The portal of the data sources: what is late, what to correct, sending, receipts."""
