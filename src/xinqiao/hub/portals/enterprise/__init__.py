"""The enterprise portal: home, authorisations, binding, own report, ledger, people and passkeys."""
