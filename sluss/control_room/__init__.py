"""The control room: what is live, why, how good it is, and what a person has to do now."""
