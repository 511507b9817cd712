"""Settings of the hub, from environment variables only (``environment.py`` lists and reads them).

Importing this module never writes anything: key files are made by ``xinqiao.hub.runtime.prepare_home`` when a
program starts. What a start must refuse is checked by ``xinqiao.hub.runtime.start``.
"""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

import xinqiao
from xinqiao.hub.project.environment import database, environment
from xinqiao.ui import assets, csp

_env = environment()
_env.check_names()
_package = Path(xinqiao.__file__).parent

# -- the platform ------------------------------------------------------------------------------------------------
XINQIAO_HOME = _env.path("XINQIAO_HOME", Path("var"))
XINQIAO_PUBLIC_URL = _env.url("XINQIAO_PUBLIC_URL", "http://localhost:8000")
XINQIAO_HUB_ID = _env.text("XINQIAO_HUB_ID", "hub-xinqiao")
XINQIAO_HUB_NAME = _env.text("XINQIAO_HUB_NAME", "信桥")
XINQIAO_HUB_KEY_FILE = _env.path("XINQIAO_HUB_KEY_FILE", XINQIAO_HOME / "keys" / "hub.json")
XINQIAO_FIELD_KEY_FILE = _env.path("XINQIAO_FIELD_KEY_FILE", XINQIAO_HOME / "keys" / "field.json")
XINQIAO_FIRMS = _env.path("XINQIAO_FIRMS", XINQIAO_HOME / "firms.sqlite3")
XINQIAO_PEERS = _env.path("XINQIAO_PEERS", XINQIAO_HOME / "peers.sqlite3")
PEERS_LEAST = _env.whole("XINQIAO_PEERS_LEAST", 10, 5, 10_000)
_catalogue_dir = _env.text("XINQIAO_CATALOGUE_DIR", "")
XINQIAO_CATALOGUE_DIR = _env.path("XINQIAO_CATALOGUE_DIR", Path()) if _catalogue_dir else None
XINQIAO_LAKE = _env.path("XINQIAO_LAKE", XINQIAO_HOME / "lake")
#: The watched folder of the data sources, or None.
XINQIAO_INBOX = _env.path("XINQIAO_INBOX", Path()) if _env.text("XINQIAO_INBOX", "") else None
#: Days and terms of objections and repair, or None.
XINQIAO_REDRESS_RULES = (
    _env.path("XINQIAO_REDRESS_RULES", Path()) if _env.text("XINQIAO_REDRESS_RULES", "") else None
)
XINQIAO_QUALITY_RULES = (
    _env.path("XINQIAO_QUALITY_RULES", Path()) if _env.text("XINQIAO_QUALITY_RULES", "") else None
)
#: Figures of handling cases, or None.
XINQIAO_CASE_RULES = _env.path("XINQIAO_CASE_RULES", Path()) if _env.text("XINQIAO_CASE_RULES", "") else None
#: The form of what firms declare themselves: a file of the operator, None for the one that is shipped; or no form at all.
_declared = _env.text("XINQIAO_DECLARED_FORM", "")
DECLARED_ASKED = _declared != "none"
XINQIAO_DECLARED_FORM = _env.path("XINQIAO_DECLARED_FORM", Path()) if _declared and DECLARED_ASKED else None
#: What an institution's credit report shows of the record of queries: own, count or none.
REPORT_INQUIRIES = _env.choice("XINQIAO_REPORT_INQUIRIES", "own", ("own", "count", "none"))
DEMO = _env.flag("XINQIAO_DEMO")
TEST_HOOKS = _env.flag("XINQIAO_TEST_HOOKS")
IDENTITY_VERIFIER = _env.text(
    "XINQIAO_IDENTITY_VERIFIER",
    "xinqiao.hub.apps.identity.verifier.DemonstrationVerifier" if DEMO else "",
)

# Law and rule figures that an operator may tighten only by a release, never by a deployment switch.
LOGIN_FAILURES_BEFORE_LOCK = 5  # fund-flow rules 3
LOGIN_LOCK_MINUTES = 30
AGENTS_PER_ENTERPRISE = 5
SECOND_FACTOR_MINUTES = 5
ACCESS_TOKEN_SECONDS = 300
AUDIT_FAIL_CLOSED_SECONDS = 300  # reliability 5.3
CHECKPOINT_EVERY_SECONDS = 10

# -- collection: files as they came, and what keeps one source from crowding out the others ---------------------------
COLLECTION_DIR = XINQIAO_HOME / "collection"
BATCH_MAX_BYTES = _env.megabytes("XINQIAO_BATCH_MAX_MB", 4096)
BATCHES_WAITING_PER_SOURCE = 20
DOSSIER_CACHE_BYTES = _env.megabytes("XINQIAO_DOSSIER_CACHE_MB", 2048)
UPLOADS_OPEN_PER_SOURCE = 5

# -- guarantees: days a promise waits for the loan (proposed) ----------------------------------------------------------
GUARANTEE_PROMISE_DAYS = _env.whole("XINQIAO_GUARANTEE_PROMISE_DAYS", 90, 1, 730)

# -- items called or verified at the source: what guessing costs in 24 hours, and when an answer goes out --------------
ITEM_GUESSES = _env.whole("XINQIAO_ITEM_GUESSES", 3, 1, 3)
ITEM_PER_FIRM = _env.whole("XINQIAO_ITEM_PER_FIRM", 20, 1, 100_000)
ITEM_PER_INSTITUTION = _env.whole("XINQIAO_ITEM_PER_INSTITUTION", 5_000, 1, 10_000_000)
ITEM_GRID_MS = _env.whole("XINQIAO_ITEM_GRID_MS", 300, 10, 5_000)
# -- what is attached to objections and applications for repair --------------------------------------------------------
EVIDENCE_DIR = XINQIAO_HOME / "evidence"
EVIDENCE_MAX_BYTES = 5 << 20
EVIDENCE_PER_MATTER = 6
CASE_FILES_DIR = XINQIAO_HOME / "case_files"

# -- Django ------------------------------------------------------------------------------------------------------
_secret = _env.secret("XINQIAO_SECRET_KEY", XINQIAO_HOME / "keys" / "secret_key")
#: True while no key is configured: tools may run, but ``runtime.start`` refuses to serve with it.
SECRET_KEY_IS_EPHEMERAL = _secret is None
SECRET_KEY = _secret or secrets.token_urlsafe(64)
DEBUG = False
_public = urlsplit(XINQIAO_PUBLIC_URL)
ALLOWED_HOSTS = [_public.hostname or "", *_env.words("XINQIAO_ALLOWED_HOSTS")]
if DEMO:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost"]
ROOT_URLCONF = "xinqiao.hub.project.urls"
WSGI_APPLICATION = "xinqiao.hub.project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "xinqiao.hub.apps.audit",
    "xinqiao.hub.apps.notices",
    "xinqiao.hub.apps.identity",
    "xinqiao.hub.apps.consents",
    "xinqiao.hub.apps.collection",
    "xinqiao.hub.apps.fundflow",
    "xinqiao.hub.apps.redress",
    "xinqiao.hub.apps.reports",
    "xinqiao.hub.apps.items",
    "xinqiao.hub.apps.dossiers",
    "xinqiao.hub.apps.quality",
    "xinqiao.hub.apps.market",
    "xinqiao.hub.apps.needs",
    "xinqiao.hub.apps.cases",
    "xinqiao.hub.apps.loans",
    "xinqiao.hub.apps.guarantees",
    "xinqiao.hub.apps.policies",
    "xinqiao.hub.apps.disputes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "xinqiao.hub.portals.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "xinqiao.hub.portals.middleware.ErrorPages",  # innermost: it sees what a page raised
]

# Jinja2 comes first; what it does not have (the admin's pages) falls through to Django's language.
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [
            _package / "hub" / "portals" / "templates"
        ],  # the design system's own folder is added by the ui
        "APP_DIRS": False,
        "OPTIONS": {"environment": "xinqiao.ui.django_env.environment"},
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]

DATABASES = {
    "default": database(_env.text("XINQIAO_DATABASE_URL", f"sqlite:///{XINQIAO_HOME / 'hub.sqlite3'}"))
}

# -- language and time: stored in UTC, shown in Asia/Shanghai --------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# -- static files ----------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = XINQIAO_HOME / "static"
# The built assets carry a hash in their names already. Before the first build the folder does not exist.
STATICFILES_DIRS = [("ui", assets.BUILD_DIR)] if assets.BUILD_DIR.is_dir() else []
WHITENOISE_USE_FINDERS = True  # one package, one folder: nothing has to be collected before a start

# -- security headers, cookies ---------------------------------------------------------------------------------------
_https = _public.scheme == "https"
SECURE_CSP = {**csp.DIRECTIVES, "object-src": ["'none'"]}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_NAME = "xq_session"
SESSION_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 30 * 60  # idle time, because every answer renews it
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "xq_csrf"
CSRF_COOKIE_SECURE = _https
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "xinqiao.hub.portals.middleware.csrf_failure"
CSRF_TRUSTED_ORIGINS = [XINQIAO_PUBLIC_URL]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# -- technical log: standard error, never a request body, never personal data ------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "httpx": {"level": "WARNING"}
    },  # one line per call to a node says nothing that the records do not
    "root": {"handlers": ["stderr"], "level": _env.text("XINQIAO_LOG_LEVEL", "INFO")},
}
