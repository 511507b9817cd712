"""Collection: batches of the data sources, from the file that came to the receipt people can work with."""
