"""Tables: kinds of columns, their preparation as numbers, and a survey of what may be wrong with them."""
