"""Training StyleGAN3 generators on any folders of pictures."""
