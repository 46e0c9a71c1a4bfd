"""The steps of Sluss: one file each, which parses, calls the library and prints."""
