"""惠企政策: the library of a department, the firms it is for, their applications, and the fund that pays them."""
