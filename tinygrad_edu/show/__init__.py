"""Show backpropagation: the list of its steps as text, as a diagram, as a page."""
