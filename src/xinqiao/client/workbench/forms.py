"""Reading forms: urlencoded, and multipart for one file, with limits. The standard library's parsers are enough."""

from collections.abc import Collection
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from starlette.requests import Request

from xinqiao.domain.errors import Code, Invalid, Malformed, TooLarge, Unsupported

MAX_FORM = 64 * 1024
#: All items with all their fields fit.
MAX_FIELDS = 400
#: A saved report is a few hundred kilobytes; ledgers are checked by ``xinqiao verify``.
MAX_UPLOAD = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """Fields of a form, and the content of its file if it has one."""

    fields: dict[str, str]
    file: bytes | None = field(default=None, repr=False)

    def text(self, name: str, *, most: int = 200) -> str:
        """A field without outer blanks; empty when absent. Raises Invalid when it is too long."""
        value = self.fields.get(name, "").strip()
        if len(value) > most:
            raise Invalid(Code.INVALID, "too long", facts={"field": name, "max": most})
        return value

    def choice(self, name: str, among: Collection[str]) -> str:
        """One of the given words; what was not offered is never replaced by something that was. Raises Invalid."""
        text = self.text(name)
        if text not in among:
            raise Invalid(Code.INVALID, "not one of the choices", facts={"field": name})
        return text

    def number(self, name: str, low: int, high: int) -> int:
        """A whole number in its bounds. Raises Invalid."""
        text = self.text(name, most=9)
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise Invalid(Code.INVALID, "not in bounds", facts={"field": name, "min": low, "max": high})
        return int(text)


async def read_form(request: Request) -> Form:
    """The form of a POST. Raises Malformed, TooLarge, Unsupported."""
    kind = request.headers.get("content-type", "")
    name = kind.partition(";")[0].strip().lower()
    if name == "application/x-www-form-urlencoded":
        body = await _body(request, MAX_FORM)
        try:
            pairs = parse_qsl(
                body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
            )
        except ValueError as error:
            raise Malformed(Code.MALFORMED, "a form that cannot be read") from error
        if len(dict(pairs)) != len(pairs):
            raise Malformed(Code.AMBIGUOUS_INPUT, "a field occurs twice")
        return Form(dict(pairs))
    if name == "multipart/form-data":
        return _multipart(kind, await _body(request, MAX_UPLOAD + MAX_FORM))
    raise Unsupported(Code.MEDIA_TYPE_UNSUPPORTED, "a form")


async def _body(request: Request, most: int) -> bytes:
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise TooLarge(Code.BODY_TOO_LARGE, "too large", facts={"limit": most})
        parts.append(chunk)
    return b"".join(parts)


def _multipart(kind: str, body: bytes) -> Form:
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode("latin-1") + body)
    fields: dict[str, str] = {}
    file: bytes | None = None
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes) or name in fields:
            raise Malformed(Code.MALFORMED, "a form that cannot be read")
        if part.get_filename() is not None:
            file = content
        else:
            fields[name] = content.decode("utf-8", "replace")[:MAX_FORM]
    return Form(fields, file)
