"""Items called or verified at the source: authorised by the enterprise, released like a product, never stored here."""
