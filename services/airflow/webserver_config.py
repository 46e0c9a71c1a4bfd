"""Flask-AppBuilder's settings: accounts with hashed passwords in Airflow's own database."""

from __future__ import annotations

from flask_appbuilder.const import AUTH_DB

AUTH_TYPE = AUTH_DB
AUTH_USER_REGISTRATION = False
WTF_CSRF_ENABLED = True
# A limit on the login form by address. login_guard.py limits by name as well, in the form and in the routes for tokens.
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "10 per 20 second"
# The single web server keeps the count itself.
RATELIMIT_STORAGE_URI = "memory://"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
