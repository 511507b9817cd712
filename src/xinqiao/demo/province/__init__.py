"""A province's worth of records through the real pipeline, piece by piece: what the size of a province costs.

``xinqiao province`` generates a piece (a file of one item), collects it as any supplier's file is collected, lets go of
the file, compacts, and measures; a process beside it reads dossiers meanwhile. Everything is invented (``collected``).
"""
