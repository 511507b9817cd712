"""Heavy campaigns (races, kills, tampering): commands of their own, with a small slice of each in the tests."""
