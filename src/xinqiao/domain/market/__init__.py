"""融资对接: what a product asks for, who fits it and why, and which offer comes first."""
