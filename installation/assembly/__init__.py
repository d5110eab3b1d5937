"""What a show is put together from: what was asked for, the settings of each part, the models and the networks on their engines."""
