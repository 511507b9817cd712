"""The demonstration province: a seeded generator with known truth, real public data mapped in where it is there."""
