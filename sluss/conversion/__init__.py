"""Values as people write them, in the types that Sluss works with. Whole columns at a time, in Arrow.

Profiles of a new table and sources read by these functions alone, so that both come to the same values.
"""
