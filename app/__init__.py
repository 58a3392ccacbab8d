"""社评通, the service. A docstring only: this keeps the arrows of the house free of cycles."""
