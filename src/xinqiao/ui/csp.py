"""The content security policy every program of ours answers with: own files only, nothing inline, never framed."""

from typing import Final

DIRECTIVES: Final[dict[str, list[str]]] = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    # data: is for the small arrows inside Tabler's style sheet; no page makes one.
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}

POLICY: Final = "; ".join(f"{name} {' '.join(values)}" for name, values in DIRECTIVES.items())

# HTMX neither writes its own style element nor evaluates attribute code: both would need a hole in the policy.
HTMX_CONFIG: Final = (
    '{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"selfRequestsOnly":true,'
    '"historyCacheSize":0,"refreshOnHistoryMiss":true,"responseHandling":[{"code":"204","swap":false},'
    '{"code":"[23]..","swap":true},{"code":"[45]..","swap":true,"error":true}]}'
)
