"""The panel in a browser, OSCQuery and metrics: one small server in a thread of its own, on one port.

The desk wires it so::

    preview = Preview()
    panel = WebPanel(state, config.control, observe, preview, presets=presets, midi=midi, osc_port=lambda: osc.port)
    panel.start()                      # ConfigError: the port is taken
    if preview.wanted(now):            # in the display loop, after compose
        preview.put(canvas.read(), now)
    panel.stop()

``panel.panel_url`` carries the token; ``qr_rgb(panel.panel_url)`` is the picture of it for the operator's HUD.
"""

from installation.control.web.preview import Preview
from installation.control.web.qr import qr_rgb
from installation.control.web.server import WebPanel

__all__ = ["Preview", "WebPanel", "qr_rgb"]
