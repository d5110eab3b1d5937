"""Every reader of somebody's file: data in, tensors out; nothing is ever run."""
