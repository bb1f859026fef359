"""Django's settings, read from the environment (docs/settings.md lists every variable).

With no DATABASE_URL / REDIS_URL, the servers that `manage.py up` starts under the data directory are used.
"""

import os
import sys
from email.utils import parseaddr
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from sentinel_site import embedded, env, logs, mail, unfold

BASE_DIR = env.BASE_DIR
VERSION = "0.1.0"
DATA_DIR: Path = env.path("SENTINEL_DATA_DIR", BASE_DIR / "var")
EMBEDDED = embedded.Places(DATA_DIR)

DEBUG = env.flag("SENTINEL_DEBUG")
SECRET_KEY = env.text("SENTINEL_SECRET_KEY") or embedded.secret(DATA_DIR, "secret_key")
SENTINEL_ENCRYPTION_KEYS = env.words("SENTINEL_ENCRYPTION_KEYS") or [embedded.secret(DATA_DIR, "encryption_key")]
SENTINEL_PORT = env.number("SENTINEL_PORT", 8000)
SENTINEL_BIND = env.text("SENTINEL_BIND", "127.0.0.1")
SENTINEL_BASE_URL = env.text("SENTINEL_BASE_URL", f"http://localhost:{SENTINEL_PORT}").rstrip("/")
SENTINEL_SITE_NAME = env.text("SENTINEL_SITE_NAME") or SENTINEL_BASE_URL.partition("://")[2].partition("/")[0]  # on what is printed
SENTINEL_TLS = SENTINEL_BASE_URL.startswith("https://")
SENTINEL_DEADMAN_URL = env.text("SENTINEL_DEADMAN_URL")
ALLOWED_HOSTS = env.words("SENTINEL_ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]", embedded.host_of(SENTINEL_BASE_URL)]
CSRF_TRUSTED_ORIGINS = [SENTINEL_BASE_URL]
if not SENTINEL_BASE_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured("SENTINEL_BASE_URL must start with http:// or https://, for example https://sentinel.example.org")

# A process that serves no page leaves the machinery of pages out: 30 MiB less each. The monitor puts nothing into the queue
# and sends no message itself: 10 MiB less again.
SERVES_PAGES = sys.argv[1:2] not in (["qcluster"], ["watchdog"], ["monitor"], ["scan_backups"], ["runjob"])
TALKS_TO_DEVICES = sys.argv[1:2] == ["monitor"]
_PAGES = [
    "unfold", "unfold.contrib.filters", "django.contrib.admin", "django.contrib.staticfiles", "django.contrib.sessions",
    "django.contrib.messages", "axes", "csp", "channels", "ninja", "anymail",
]  # fmt: skip
INSTALLED_APPS = [
    *(_PAGES if SERVES_PAGES else []),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    *([] if TALKS_TO_DEVICES else ["backups", "jobs"]),
    "notifications",
    "alerts",
    "devices",
    "sentinel_site",
    *([] if TALKS_TO_DEVICES else ["sentinel_site.queue_app.QueueConfig"]),  # last: the `qcluster` of sentinel_site goes first
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "sentinel_site.content_policy.RelaxForAdmin",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "sentinel_site.language_cookie.Speaks",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "sentinel_site.saved_filters_views.DefaultFilter",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "sentinel_site.acting.by_web",
]

if not SERVES_PAGES:
    MIDDLEWARE = []  # its modules belong to apps that are left out

ROOT_URLCONF = "sentinel_site.urls" if SERVES_PAGES else "sentinel_site.no_urls"
ASGI_APPLICATION = "sentinel_site.asgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sentinel_site.health.banner",
            ],
            "libraries": {"admin_lists": "sentinel_site.admin_lists"} if SERVES_PAGES else {},
        },
    }
]

# --- Database: PostgreSQL. Threads share psycopg's pool (CONN_MAX_AGE > 0 leaks connections under ASGI), but qcluster forks its
# workers, and runjob its work. A pool opened before would be one set of sockets for all of them: there each process keeps its own.
FORKS = sys.argv[1:2] in (["qcluster"], ["runjob"])
_DATABASE_URL = env.text("DATABASE_URL") or EMBEDDED.database_url()
_DATABASE = env.database(_DATABASE_URL)
# A prepared statement keeps its plan: one made while a table was nearly empty must not read all of it in the flood that follows.
# What is prepared (lib/prepared.py) has one plan for as long as it is kept; PostgreSQL would plan the first five uses by themselves.
READS_BY_INDEX = sys.argv[1:2] == ["watchdog"]
_INDEXES = " -c enable_seqscan=off" if READS_BY_INDEX else ""
_LIMITS = "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
_LOOPS = 7 if sys.argv[1:2] == ["watchdog"] else 0  # its loops each keep one: without these a small pool would leave none to send with
_POOL = {"min_size": 1, "max_size": env.number("SENTINEL_DATABASE_POOL", 16) + _LOOPS, "timeout": 10, "max_idle": 120}
DATABASES = {
    "default": {
        **_DATABASE,
        "CONN_MAX_AGE": 600 if FORKS else 0,
        "CONN_HEALTH_CHECKS": FORKS,
        "OPTIONS": {
            **_DATABASE["OPTIONS"],  # type: ignore[dict-item]
            **({} if FORKS else {"pool": _POOL}),
            "connect_timeout": 5,
            "prepare_threshold": 5,  # for lib/prepared.py; Django's own cursors never prepare
            "options": f"{_LIMITS} -c jit=off -c plan_cache_mode=force_generic_plan{_INDEXES}",
        },
        "TEST": {"NAME": "test_sentinel"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Channel layer and cache: one Redis-protocol server. It holds no truth; losing it loses no alert ---
REDIS_URL = env.text("REDIS_URL") or EMBEDDED.redis_url()
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": 5, "socket_connect_timeout": 3}], "prefix": "sentinel"},
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
        "KEY_PREFIX": "sentinel",
    },
    "nowhere": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},  # the queue's statistics, which prove nothing
}

# --- Queue: retry > (timeout + 3.5) * (1 + ceil((queue_limit + bulk) / workers)); sentinel_site/checks.py enforces it ---
Q_CLUSTER = {
    "name": "sentinel",  # never rename: it is the queue's key and part of the signature
    "orm": "default",
    "cache": "nowhere",
    "workers": 2,
    "queue_limit": 2,
    "bulk": 1,
    "timeout": 60,
    "retry": 300,
    "poll": 0.5,
    "guard_cycle": 1.0,
    "save_limit": -1,
    "max_attempts": 0,
    "ack_failures": False,
    "catch_up": False,
    "recycle": 1000,
    "max_rss": 300_000,
    "label": "Queue",
}

# --- People signing in ---
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
if SERVES_PAGES:
    AUTHENTICATION_BACKENDS.insert(0, "axes.backends.AxesStandaloneBackend")
PALETTE_MS = 300  # then a look into one table is given up: what was found elsewhere is worth more than waiting
ROUTES_KEPT_SECONDS = 1.0  # how long a process goes on with the routing table before it asks whether that has changed
KEYS_KEPT_SECONDS = 1.0  # how long a process goes on with an API key, and what its user may do, as it read them
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # by address alone, one bad guesser locks out a whole site
AXES_CLIENT_IP_CALLABLE = "sentinel_site.auth.login_address"
AXES_RESET_ON_SUCCESS = True
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "registration/lockout.html"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "live"
LOGOUT_REDIRECT_URL = "login"

# --- Cookies and headers ---
_PREFIX = "__Host-" if SENTINEL_TLS else ""
SESSION_COOKIE_NAME = f"{_PREFIX}sentinel_session"
CSRF_COOKIE_NAME = f"{_PREFIX}sentinel_csrf"
WALL_COOKIE_NAME = f"{'__Secure-' if SENTINEL_TLS else ''}sentinel_wall"  # for /live/wall/ alone, which __Host- would not allow
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SENTINEL_TLS
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = SENTINEL_TLS
SECURE_REDIRECT_EXEMPT = [r"^(livez|healthz)$", r"^(ping|p|api/push|b)/"]  # whoever pings would take a redirect for success
SECURE_HSTS_SECONDS = 31_536_000 if SENTINEL_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SENTINEL_TLS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("SENTINEL_BEHIND_PROXY") else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

UNFOLD = unfold.UNFOLD

# --- Requests: bounded before they are parsed ---
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 11 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
SENTINEL_IMAGE_MAX_BYTES = 10 * 1024 * 1024
SENTINEL_IMAGE_MAX_PIXELS = 50_000_000

# --- Files ---
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns of a directory that is not there
MEDIA_ROOT = DATA_DIR / "media"
SENTINEL_BACKUP_DEPOSIT: Path = env.path("SENTINEL_BACKUP_DEPOSIT", DATA_DIR / "backups" / "deposit")  # agents write here, a folder each
SENTINEL_BACKUP_STORE: Path = env.path("SENTINEL_BACKUP_STORE", DATA_DIR / "backups" / "store")  # verified backups
SENTINEL_BACKUP_QUARANTINE: Path = env.path("SENTINEL_BACKUP_QUARANTINE", DATA_DIR / "backups" / "quarantine")
# A process for each core; with more than three they would wait for each other at the database and the disk.
SENTINEL_SCAN_PROCESSES = min(4, max(1, env.number("SENTINEL_SCAN_PROCESSES", min(3, os.cpu_count() or 1))))
SENTINEL_CLI_USER = env.text("SENTINEL_CLI_USER")
SENTINEL_JOBS_AT_ONCE = max(1, env.number("SENTINEL_JOBS_AT_ONCE", 4))
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# --- Language and time ---
LANGUAGES = [("en", "English"), ("fr", "Français")]
LANGUAGE_CODE = env.choice("SENTINEL_LANGUAGE", "en", [code for code, _name in LANGUAGES])
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = f"{_PREFIX}sentinel_language"  # what a person chose; without it the browser's own wish counts
LANGUAGE_COOKIE_AGE = 400 * 24 * 3600
LANGUAGE_COOKIE_SECURE, LANGUAGE_COOKIE_HTTPONLY, LANGUAGE_COOKIE_SAMESITE = SENTINEL_TLS, True, "Lax"
TIME_ZONE = env.time_zone("SENTINEL_TIME_ZONE", "UTC")
USE_TZ = True
FORMAT_MODULE_PATH = "sentinel_site.formats"

# --- Reaching people ---
_MAIL = mail.settings()
EMAIL_URL: str = _MAIL["EMAIL_URL"]
EMAIL_SERVICE: str = _MAIL["EMAIL_SERVICE"]  # the mail service's name; empty for SMTP and for files
ANYMAIL = {**_MAIL["ANYMAIL"]}
vars().update(_MAIL)  # EMAIL_BACKEND and, for SMTP, EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER ...
EMAIL_FILE_PATH = DATA_DIR / "mail"  # where mail goes when nothing is set up
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("SENTINEL_FROM_EMAIL", "Sentinel <sentinel@localhost>")
EMAIL_TIMEOUT = 10
SENTINEL_INBOUND_DOMAIN = env.host("SENTINEL_INBOUND_DOMAIN", env.text("SENTINEL_INBOUND_DOMAIN"))
SENTINEL_INBOUND_AUTHSERV = env.text("SENTINEL_INBOUND_AUTHSERV")
FIREBASE_CREDENTIALS = env.text("FIREBASE_CREDENTIALS")
FIREBASE_BASE_URL = env.text("FIREBASE_BASE_URL")
FIREBASE_TIMEOUT = 5
WEBHOOK_TIMEOUT = 10
_PUSH_SERVICES = ("fcm.googleapis.com", "jmt17.google.com", "*.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com")
SENTINEL_WEB_PUSH_HOSTS = env.words("SENTINEL_WEB_PUSH_HOSTS", _PUSH_SERVICES)
SENTINEL_VAPID_PRIVATE_KEY = env.vapid_key("SENTINEL_VAPID_PRIVATE_KEY", env.text("SENTINEL_VAPID_PRIVATE_KEY"))
SENTINEL_VAPID_SUBJECT = env.text("SENTINEL_VAPID_SUBJECT") or (
    SENTINEL_BASE_URL if SENTINEL_TLS else f"mailto:{parseaddr(DEFAULT_FROM_EMAIL)[1]}"
)
TWILIO_ACCOUNT_SID = env.text("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKEN = env.words("TWILIO_AUTH_TOKEN")  # the first one asks; each verifies what Twilio sends
TWILIO_API_KEY_SID = env.text("TWILIO_API_KEY_SID")
TWILIO_API_KEY_SECRET = env.text("TWILIO_API_KEY_SECRET")
TWILIO_WEBHOOK_SECRET = env.text("TWILIO_WEBHOOK_SECRET")
TWILIO_MESSAGING_SERVICE_SID = env.text("TWILIO_MESSAGING_SERVICE_SID")
TWILIO_FROM = env.text("TWILIO_FROM")
TWILIO_VOICE_FROM = env.text("TWILIO_VOICE_FROM") or (TWILIO_FROM if TWILIO_FROM.startswith("+") else "")
TWILIO_BASE_URL = env.text("TWILIO_BASE_URL").rstrip("/")
TWILIO_TIMEOUT = 8
SLACK_BOT_TOKEN = env.text("SLACK_BOT_TOKEN")
SLACK_SIGNING_SECRET = env.text("SLACK_SIGNING_SECRET")
SLACK_BASE_URL = env.text("SLACK_BASE_URL").rstrip("/")
SLACK_TIMEOUT = 10
APPRISE_TIMEOUT, APPRISE_TOTAL_TIMEOUT = 8, 15  # for one answer of a service, and for all that its plugin does
SENTINEL_WEBHOOK_ALLOWED_NETWORKS = env.words("SENTINEL_WEBHOOK_ALLOWED_NETWORKS")
SENTINEL_RATES = {
    "email": env.rate("SENTINEL_RATE_EMAIL"),
    "push": env.rate("SENTINEL_RATE_PUSH"),
    "slack": env.rate("SENTINEL_RATE_SLACK", "1/s"),
    "sms": env.rate("SENTINEL_RATE_SMS", "1/s"),
    "voice": env.rate("SENTINEL_RATE_VOICE", "1/s"),
    "webhook": env.rate("SENTINEL_RATE_WEBHOOK"),
    "apprise": env.rate("SENTINEL_RATE_APPRISE"),
}
SENTINEL_APPRISE_HOSTS = env.words("SENTINEL_APPRISE_HOSTS")
SENTINEL_RECEIPT_SECONDS = {
    "email": env.number("SENTINEL_RECEIPT_EMAIL_SECONDS", 300),
    "push": env.number("SENTINEL_RECEIPT_PUSH_SECONDS", 60),
    "sms": env.number("SENTINEL_RECEIPT_SMS_SECONDS", 120),
    "voice": env.number("SENTINEL_RECEIPT_VOICE_SECONDS", 120),
}

SENTINEL_PROOF_DAYS = env.number("SENTINEL_PROOF_DAYS", 30)
SENTINEL_STORM_MESSAGES = env.number("SENTINEL_STORM_MESSAGES", 5)

# --- Devices: where they may be (devices/addresses.py) ---
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
SENTINEL_DEVICE_NETWORKS = env.networks("SENTINEL_DEVICE_NETWORKS", env.words("SENTINEL_DEVICE_NETWORKS", _PRIVATE))
SENTINEL_DEVICE_PORTS = env.ports("SENTINEL_DEVICE_PORTS", env.words("SENTINEL_DEVICE_PORTS", ("21", "80", "2255")))
SENTINEL_DEVICE_LOOPBACK = env.flag("SENTINEL_DEVICE_LOOPBACK")  # for simulated meters, tests and benches

# --- AI opinion ---
GEMINI_API_KEY = env.text("GEMINI_API_KEY")
GEMINI_BASE_URL = env.text("GEMINI_BASE_URL")
GEMINI_MODEL = env.text("GEMINI_MODEL", "gemini-3.5-flash-lite")
GEMINI_SECONDS = 8.0  # how long one call may take; a call that may help is made a second time

# --- Keeping ---
SENTINEL_KEEP_REPORTS_DAYS = env.number("SENTINEL_KEEP_REPORTS_DAYS", 90)
SENTINEL_KEEP_ALERTS_DAYS = env.number("SENTINEL_KEEP_ALERTS_DAYS", 730)
SENTINEL_KEEP_EVENTS_DAYS = env.number("SENTINEL_KEEP_EVENTS_DAYS", 14)
SENTINEL_KEEP_READINGS_DAYS = env.number("SENTINEL_KEEP_READINGS_DAYS", 7)
SENTINEL_KEEP_MINUTES_DAYS = env.number("SENTINEL_KEEP_MINUTES_DAYS", 90)
SENTINEL_KEEP_RUNS_DAYS = env.number("SENTINEL_KEEP_RUNS_DAYS", 180)
SENTINEL_KEEP_CHANGES_DAYS = env.number("SENTINEL_KEEP_CHANGES_DAYS", 365)
SENTINEL_KEEP_QUARTERS_DAYS = env.number("SENTINEL_KEEP_QUARTERS_DAYS", 400)
SENTINEL_KEEP_IMAGES_DAYS = env.number("SENTINEL_KEEP_IMAGES_DAYS", 30)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "sentinel_site.logs.LineFormatter"}},
    "filters": {"news": {"()": "django.utils.log.CallbackFilter", "callback": logs.is_news}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["news"]},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": env.text("SENTINEL_LOG_LEVEL", "WARNING")},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "apprise": {"handlers": ["nowhere"], "propagate": False},  # it writes destinations down, which may be keys
        "alerts.image_views": {"level": "INFO"},  # who looked at which picture
        "alerts.story_views": {"level": "INFO"},  # who took which story away, with its digest
    },
}
