"""融资担保: guarantors, their guarantees, agreements with banks, claims and recoveries."""
