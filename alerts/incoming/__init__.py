"""What other systems send in formats of their own: readers turn it into Incoming values (contract.py), taking.py acts on them."""
