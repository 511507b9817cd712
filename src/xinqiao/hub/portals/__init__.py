"""Portals: navigation and pages for one audience each. They own no table and no rule.

Each portal is a folder with ``web.py`` (one function per page or action), ``urls.py`` and templates; ``frame.py``
builds what surrounds a page, ``access.py`` who may open it, ``middleware.py`` language and error pages.
"""
