"""Files of rows in the formats that people have. Text formats give texts alone."""
