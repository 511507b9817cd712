"""惠企政策: what a policy pays, to whom, and how its fund is kept."""
