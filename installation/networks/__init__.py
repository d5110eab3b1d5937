"""Networks as plain ``nn.Module``s under their published parameter names."""
