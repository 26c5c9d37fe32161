"""What a person reads on the page, in the language that they read: one catalogue for templates, scripts and Python.

The English words stand where they are used, and are the keys of the catalogue: `de.json`, `es.json` and `ar.json` give
each in another language, `en.json` only what has plural forms. English is spoken unless somebody says otherwise with
`speaking`, which only the page does: what programs and terminals get is English.
"""
