"""Backpropagation made visible: the list of its steps, as text, as a diagram."""
