"""From a picture to the code that draws it: the encoder's code as the start, then optimisation, then a generator tuned around it.

Hybrid inversion (Zhu et al. 2016, "Generative Visual Manipulation on the Natural Image Manifold"), pivotal tuning (Roich et al. 2021,
"Pivotal Tuning for Latent-based Editing of Real Images"). ``engine.Inversion`` is stepped from outside, so that whoever waits sees the
picture come.
"""
