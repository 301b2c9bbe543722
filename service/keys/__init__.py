"""API keys: their lines, the table in which a sent key is found, the file that is read again, and quotas."""
