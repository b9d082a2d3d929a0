"""Read the derivative table and graphs in other ways than `Value`: forward mode, formulas, gradients as graphs."""
