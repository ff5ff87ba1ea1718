"""The WSGI application for a production server on gevent: ``wsgi:app``."""

from gevent import monkey

monkey.patch_all()

from casa import create_app  # noqa: E402

app = create_app()
