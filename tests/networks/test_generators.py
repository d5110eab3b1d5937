"""What a generator says of itself, so that nobody has to ask what kind it is."""

from installation.checkpoints.nvlabs_pickle import read_pickle
from installation.networks.stylegan2 import Generator
from tests.checkpoints.support_nvlabs import stylegan3, write_pickle


def test_stylegan2_has_layers_at_each_resolution():
    generator = Generator(16, 8, n_mlp=2, channels={4: 6, 8: 5, 16: 4})
    assert generator.resolutions == [4, 8, 16] and generator.layered is generator
    assert generator.mapping_layers == 2
    assert Generator(16, 8, n_mlp=0, channels={4: 6, 8: 5, 16: 4}).mapping_layers == 0
    read = [[len(linear.bias) for linear in linears] for linears in generator.modulations]
    assert read == [[6], [6], [5], [5], [4], [4]]  # a style's map has a number for each channel that its layer takes in
    assert len(read) == generator.styles


def test_stylegan3_has_none_and_its_first_style_scales_no_channels(tmp_path):
    generator = read_pickle(write_pickle(tmp_path / "a.pkl", stylegan3(16)))
    assert generator.resolutions == [] and generator.layered is None
    assert generator.mapping_layers == generator.mapping.depth > 0
    assert generator.modulations[0] == [] and len(generator.modulations) == generator.styles
    widths = [layer.in_channels for layer in generator.plan.layers]
    assert [len(linears[0].bias) for linears in generator.modulations[1:]] == widths
