"""All settings, driven by the environment (see .env.example); a bad value stops the start and says why."""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONCE, NONE, SELF
from whitenoise.compress import Compressor

from issuetracker import environment, framing, signing_in

BASE_DIR = Path(__file__).resolve().parent.parent

environ.Env.read_env(BASE_DIR / ".env")
env = environment.Environment()

PORT = environment.read_port(env)
HOST = env.str("HOST", default="") or "127.0.0.1"
DEBUG = environment.read_flag(env, "DEBUG")
SITE_URL = environment.read_site_url(env, PORT)
ALLOWED_HOSTS = environment.read_allowed_hosts(env, SITE_URL)
DATA_DIR = environment.read_data_dir(env, BASE_DIR)
SECRET_KEY = environment.read_secret_key(env, DATA_DIR)
ATTACHMENTS_DIR, FILE_UPLOAD_TEMP_DIR = environment.read_attachments_dirs(DATA_DIR)
DATABASES = environment.read_databases(env, DATA_DIR)
UNSAFE_DATABASE = environment.read_flag(env, "UNSAFE_DATABASE")
CACHE_URL = environment.read_cache_url(env)
CACHES = environment.caches(CACHE_URL)
HTTPS = SITE_URL.startswith("https://")

# People: how they sign in

SIGNUP = signing_in.read_signup(env)
OIDC_PROVIDERS = signing_in.read_providers(env)
LOCAL_LOGIN, BREAK_GLASS = signing_in.read_local(env, OIDC_PROVIDERS)
PROXIES = signing_in.read_proxies(env, HTTPS)
# Browsers know passkeys of hosts with HTTPS, and of this machine.
PASSKEYS = HTTPS or urlsplit(SITE_URL).hostname == "localhost"

INSTALLED_APPS = [
    # Before ours, which take a part of its administration away.
    "django.contrib.auth",
    "allauth.account",
    "allauth.mfa",
    *signing_in.provider_apps(OIDC_PROVIDERS),
    "issuetracker",
    "accounts",
    "history",
    "products",
    "issues",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django.contrib.admin",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "issuetracker.stack.roomy",
    "issuetracker.tracing.RequestId",
    "issuetracker.middleware.WithoutBody",
    "issuetracker.middleware.Measured",
    "issuetracker.middleware.DatabaseGuard",
    "issuetracker.replica.ReadFromReplica",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "issuetracker.middleware.ContentSecurityPolicy",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "issuetracker.middleware.NoNul",
    "issuetracker.middleware.CompressedPages",
    "issuetracker.lane.begin",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "issuetracker.middleware.PersonalTimeZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "issuetracker.middleware.ExplainedMethods",
    "issuetracker.lane.end",
]

ROOT_URLCONF = "issuetracker.urls"
WSGI_APPLICATION = "issuetracker.wsgi.application"

CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "csp.context_processors.nonce",
    "issues.context.frame",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": CONTEXT_PROCESSORS,
            "builtins": ["issuetracker.templatetags.constant"],
        },
    }
]

# People

AUTH_USER_MODEL = "accounts.User"
SESSION_ENGINE = "accounts.sessions"
SESSION_IDLE = environment.read_session_idle(env)
AUTHENTICATION_BACKENDS = ["accounts.backends.NameOrEmail"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.passwords.LongPasswordValidator"},
    {"NAME": "accounts.passwords.DisguisedPasswordValidator"},
]
ACCOUNT_ADAPTER = "accounts.signin.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# Ours count for all processes: accounts/signin/limits.py.
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False
MFA_ADAPTER = "accounts.signin.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
SOCIALACCOUNT_ADAPTER = "accounts.signin.providers.ProviderAdapter"
SOCIALACCOUNT_PROVIDERS = signing_in.provider_settings()

# Language, time and rows

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Static files

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_ADD_HEADERS_FUNCTION = framing.refuse_framing
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# Source maps are large and hardly ever read: compressing them would be half of the first start.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [*Compressor.SKIP_COMPRESS_EXTENSIONS, "map"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "issuetracker.staticfiles.HashedStorage",
        # Whoever serves them need not be who collected them; FILE_UPLOAD_PERMISSIONS is for what people send.
        "OPTIONS": {"file_permissions_mode": 0o644},
    },
}

# Files that people attach: docs/attachments.md

MEGABYTE = 1024 * 1024
ATTACHMENT_LIMIT = environment.read_count(env, "ATTACHMENT_LIMIT", 25, most=1024) * MEGABYTE
ATTACHMENT_QUOTA = environment.read_count(env, "ATTACHMENT_QUOTA", 10_000) * MEGABYTE
ATTACHMENT_COUNT = environment.read_count(env, "ATTACHMENT_COUNT", 100, most=1000)
ATTACHMENT_TYPES = environment.read_media_types(env, "ATTACHMENT_TYPES")
FILE_UPLOAD_HANDLERS = ["issuetracker.uploads.BoundedUploads"]
FILE_UPLOAD_PERMISSIONS = 0o600

# Defences; those that need HTTPS follow SITE_URL

SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_SSL_HOST = urlsplit(SITE_URL).netloc if HTTPS else None
# What watches asks over plain HTTP, beside the proxy.
SECURE_REDIRECT_EXEMPT = [r"^status/", r"^(livez|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
# W005 and W021: this site does not speak for its sister domains, which HSTS for subdomains and preloading would.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

# The API; what is named here lives in issuetracker/api and accounts/api

# Requests a minute; 0: as many as they like.
API_RATE = environment.read_count(env, "API_RATE", 0, most=1_000_000, least=0)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.authentication.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["issuetracker.api.throttles.ApiRate"],
    "DEFAULT_PARSER_CLASSES": ["issuetracker.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "issuetracker.api.renderers.QuickJSONRenderer",
        "issuetracker.api.renderers.Page",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "issuetracker.api.renderers.QuickNegotiation",
    "DEFAULT_PAGINATION_CLASS": "issuetracker.api.pages.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": [],
    "DEFAULT_SCHEMA_CLASS": "issuetracker.api.schema.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "issuetracker.api.problems.answer",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Issue tracker",
    "VERSION": "1",
    "DESCRIPTION": "Products, their issues, and whatever happened to them. Errors are RFC 9457 problem documents.",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "PARSER_WHITELIST": ["issuetracker.api.parsers.StrictJSONParser"],
    "RENDERER_WHITELIST": ["issuetracker.api.renderers.QuickJSONRenderer"],
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "issuetracker.api.schema.complete",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "IssueType": "issues.models.Issue.Type",
        "Resolution": "issues.models.Issue.Resolution",
        "Source": "issues.models.Issue.Source",
        "Category": "issues.models.Category",
        "Visibility": "products.models.Product.Visibility",
        "Role": "products.models.Member.Role",
        "MilestoneState": "products.models.Milestone.State",
        "BatchState": "history.models.Batch.State",
        "EventKind": "history.models.Kind",
        "Via": "history.models.Via",
        "Colour": "products.api.serializers.COLOURS",
        "Priority": "issues.api.serializers.PRIORITIES",
        "Severity": "issues.api.serializers.SEVERITIES",
        "RelationKind": "issues.api.serializers.RELATIONS",
        "ViewColumn": "issues.api.serializers.VIEW_COLUMNS",
        "ViewGroup": "issues.api.serializers.VIEW_GROUPS",
        "Theme": "accounts.models.User.Theme",
        "Scope": "accounts.models.SCOPES",
        "TokenScope": "accounts.models.ALL_SCOPES",
        "Decision": "issues.choices.Decision",
        "DeclineResolution": "issues.choices.DECLINED",
        "ReturnReason": "issues.choices.Return",
        "QuestionState": "issues.models.NeedInfo.State",
        "PartKind": "issues.api.queries.KINDS",
        "Sign": "issues.api.similar.SIGNS",
    },
}

# Who may have the figures of /metrics: docs/operations.md

METRICS_TOKEN = environment.read_token(env, "METRICS_TOKEN")
METRICS_ALLOW = environment.read_networks(env, "METRICS_ALLOW")

# Mail

mail = environment.read_mail(env)
vars().update(mail)
EMAIL_TIMEOUT = 20
PASSWORD_RESET_TIMEOUT = 3 * 3600
# Without it there is nobody to send a link to.
MAIL = environment.is_sent(mail)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = environment.read_sender(env, SITE_URL)

# What the server writes down

LOG_FORMAT = environment.read_choice(env, "LOG_FORMAT", ("line", "json"))
LOG_REQUESTS = environment.read_flag(env, "LOG_REQUESTS")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "issuetracker.logs.Line"}, "json": {"()": "issuetracker.logs.JSONLines"}},
    "filters": {
        "discreet": {"()": "issuetracker.logs.Discreet"},
        "short": {"()": "issuetracker.database.Shortened"},
        "named": {"()": "issuetracker.tracing.Named"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["discreet", "short", "named"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # Which passkeys people have is nobody's business.
        "fido2": {"level": "WARNING"},
    },
}
