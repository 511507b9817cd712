"""Fund flow: from statement rows to indicators and the two products, exactly (fund-flow rules 10, dictionary 3.9).

model, parse, normal   rows and parameters          labels, cues    what a row is
clean, books           one account, cleaned         figures         exact numbers, rounding, null reasons
definitions, lines_*   the dictionary as data       indicators_*    the 108 formulas, literal and readable
facts, products        what may leave the provider
"""
