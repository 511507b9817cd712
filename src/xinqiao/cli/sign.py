"""``xinqiao sign METHOD URL``: the headers any other tool needs for one request, or a whole ``curl`` command.

For institutions that write their own client, and for trying an operation by hand. A signature is good for sixty seconds
and one use.
"""

import argparse
import secrets
import shlex
import sys
from pathlib import Path

import httpx

from xinqiao.client.config import read_config
from xinqiao.client.exchange import ASSERTION_TYPE, make_assertion
from xinqiao.clock import SystemClock
from xinqiao.domain.errors import Code, Invalid, Unavailable, XinqiaoError
from xinqiao.trust.encoding import strict_object
from xinqiao.trust.httpsig import sign_request
from xinqiao.trust.keyfile import read_private
from xinqiao.trust.keys import SigningKey


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao sign", description="为一个请求签名（RFC 9421）sign one request for any other tool"
    )
    parser.add_argument("method", help="GET, POST …")
    parser.add_argument(
        "url", help="完整地址；有 --config 时可以只写路径 full address, or a path with --config"
    )
    parser.add_argument("--config", type=Path, help="client.toml：地址、机构、私钥都取自它")
    parser.add_argument("--key", type=Path, help="私钥文件（JWK，权限 600）private key file")
    parser.add_argument("--body", help="请求体文件，- 为标准输入 body file, - for stdin")
    parser.add_argument("--token", help="访问令牌 access token")
    parser.add_argument("--institution", help="机构编号：由它换取令牌 institution id, to fetch a token")
    parser.add_argument("--hub", help="平台地址，与 --institution 同用 the platform's address")
    parser.add_argument("--idempotency-key", help="幂等键；new 表示新生成 `new` makes a fresh one")
    parser.add_argument("--curl", action="store_true", help="输出 curl 命令 print a curl command")
    return parser


def main_sign(argv: list[str]) -> int:
    """Print signed headers; 0 when printed, 1 when no token was given out, 2 for a wrong call."""
    args = _parser().parse_args(argv)
    try:
        key, url, token = _who(args)
        body = _body(args.body)
    except (XinqiaoError, OSError, ValueError) as error:
        print(f"不能签名 cannot sign: {error}", file=sys.stderr)
        return 1 if isinstance(error, XinqiaoError) and error.code is not Code.INVALID else 2
    headers: dict[str, str] = {}
    if body:
        headers["Content-Type"] = "application/json"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if args.idempotency_key:
        fresh = args.idempotency_key == "new"
        headers["Idempotency-Key"] = f"xq-{secrets.token_hex(16)}" if fresh else args.idempotency_key
    sign_request(args.method.upper(), url, headers, body, key, SystemClock().now(), secrets.token_hex(16))
    print(_curl(args, url, headers) if args.curl else "\n".join(f"{n}: {v}" for n, v in headers.items()))
    return 0


def _who(args: argparse.Namespace) -> tuple[SigningKey, str, str]:
    token = args.token or ""
    if args.config is not None:
        config = read_config(args.config)
        url = args.url if "://" in args.url else f"{config.hub_url.rstrip('/')}{args.url}"
        if not token:
            with config.client() as client:
                token = client.token()
        return config.key, url, token
    if args.key is None:
        raise Invalid(Code.INVALID, "--key or --config")
    key = SigningKey.from_jwk(strict_object(read_private(args.key)))
    if not token and args.institution and args.hub:
        token = _fetch(args.hub.rstrip("/"), args.institution, key)
    return key, args.url, token


def _fetch(hub: str, institution_id: str, key: SigningKey) -> str:
    """A token without an anchor: the answer's signature is not checked, but a token is of no use without this key."""
    address = f"{hub}/oauth/token"
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": make_assertion(institution_id, key, address, SystemClock().now()),
    }
    try:
        answer = httpx.post(address, data=form, timeout=15, follow_redirects=False, trust_env=False)
        token = answer.json().get("access_token")
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable(Code.HUB_UNREACHABLE, "no token from the platform") from error
    if answer.status_code != 200 or not isinstance(token, str):
        raise Unavailable(Code.UNAUTHENTICATED, f"no token: status {answer.status_code} {answer.text[:300]}")
    return token


def _body(source: str | None) -> bytes:
    if source is None:
        return b""
    return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()


def _curl(args: argparse.Namespace, url: str, headers: dict[str, str]) -> str:
    parts = ["curl", "-sS", "-X", args.method.upper(), url]
    for name, value in headers.items():
        parts += ["-H", f"{name}: {value}"]
    if args.body is not None:
        parts += ["--data-binary", "@-" if args.body == "-" else f"@{args.body}"]
    return " ".join(map(shlex.quote, parts))
