"""The catalogue of credit information collected and shared: what an item is, and what makes a row of it right."""
