"""Gates: checks with a name, a verdict, the figures and a sentence that a person understands."""
