"""What institutions offer: products, version by version, reviewed by a second person before anybody sees them."""
