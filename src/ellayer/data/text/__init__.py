"""Text tables: encoding, dialect, records and columns of CSV files."""
