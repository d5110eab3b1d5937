"""The panel in a browser, OSCQuery and metrics: one small server in a thread of its own, on one port.

The desk wires ``server.WebPanel`` and ``preview.Preview`` so::

    preview = Preview(allowed=True)
    panel = WebPanel(state, config.control, observe, preview, presets=presets, midi=midi, osc_port=lambda: osc.port)
    panel.start()                      # ConfigError: the port is taken
    if preview.wanted(now):            # in the display loop, after compose
        preview.put(canvas.read(), now)
    panel.stop()

``panel.panel_url`` carries a ticket that is good once; ``qr.qr_rgb(panel.panel_url)`` is the picture of it for the operator.
"""
