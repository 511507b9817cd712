"""融资担保: who bears what, how far a guarantor may go, and what a guarantee goes through."""
