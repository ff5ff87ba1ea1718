"""The parts of the ``casa`` command, loaded only when they are asked for.

Serving needs gevent's patches before anything else is imported, so ``casa.cli`` itself imports
none of these.
"""
