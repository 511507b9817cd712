"""The shared look: formatter, words of states, templates, assets, report page and PDF.

Used by the hub's portals (Django), the provider node and the institution's workbench (Starlette) alike. Nothing here
knows a web framework, except :mod:`xinqiao.ui.django_env`; nothing here queries, decides or reads the clock.
"""
