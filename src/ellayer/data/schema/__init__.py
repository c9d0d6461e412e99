"""The schema of a table: inferred from the file that is trained on, and used to read every later one."""
