"""The groups of pages; `guard` decides by group who may see a page."""

from flask import Blueprint

PUBLIC = Blueprint("public", __name__)
"""Pages for everybody: logging in, and setting a password by a one-time link."""
ACCOUNT = Blueprint("account", __name__)
"""Pages of every logged-in user."""
VESTIGINGEN = Blueprint("vestigingen", __name__)
"""Pages over several vestigingen, for the users that act for more than one."""
SCHOOL = Blueprint("school", __name__)
"""Pages of one vestiging, for the users that act for it."""
INSIGHT = Blueprint("insight", __name__)
"""Pages of one vestiging that show leerlingen by name with what is known of them, for its schoolbeheerders alone."""
LEERKRACHT = Blueprint("leerkracht", __name__)
"""The own groepen of a leerkracht, of every school."""
OPERATOR = Blueprint("operator", __name__)
"""Pages of operators."""
AFNEMER = Blueprint("afnemer", __name__)
"""Pages of one afnemer, for its own users."""
PROVIDER = Blueprint("provider", __name__)
"""Pages for everybody, where there is a provider: logging in and out there, and its own calls."""
OWN_PROVIDER = Blueprint("own_provider", __name__)
"""Pages of every logged-in user, where there is a provider: binding an account there, and removing it."""
