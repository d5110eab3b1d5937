"""The photo page: photographs that people bring, edited in their place by the mirror's own stages and gone with the page.

``atelier.Atelier`` is what the web server talks to. Whatever it is asked is one job after the other in one thread behind the show's;
the show's engines make its drawings (``networks``), between their own.
"""
