"""What speaks with devices: one file, one contract (base.py)."""
