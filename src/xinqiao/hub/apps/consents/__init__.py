"""Account bindings, entrustments and query authorisations: the two keys that must both be alive at a release."""
