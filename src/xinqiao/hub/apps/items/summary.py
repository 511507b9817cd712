"""What you see is what you sign, for items: the text of confirming and of withdrawing (case A11).

No value of a claim stands in the text, because the text is kept: the page shows the values beside it, and the digest of
each claim, which is in the text, binds exactly them.
"""

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent import Purpose
from xinqiao.domain.items import ItemKind, ItemScope, needed_consents
from xinqiao.hub.apps.consents.summary import Act, WhatYouSee, purpose_words
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.apps.items.scopes import all_terms, catalogue, scope_json
from xinqiao.ui.i18n import Language, gettext, use_language


def what_you_authorise(
    row: ItemAuthorisation, scope: ItemScope, *, language: Language, act: Act = Act.CONFIRM
) -> WhatYouSee:
    """The text of confirming ``scope`` on a request, or of appending it; institution and enterprise should be loaded."""
    with use_language(language):
        needed = needed_consents(scope, all_terms())
        lines = [
            gettext("信用信息事项授权") if act is Act.CONFIRM else gettext("追加信用信息事项授权"),
            _line(gettext("被授权机构"), row.institution.name),
            _line(gettext("授权企业"), f"{row.enterprise.name} {row.enterprise.uscc}"),
            _line(gettext("用途"), purpose_words(Purpose(row.purpose))),
            _line(gettext("业务编号"), row.business_ref),
            *_scope_lines(scope, language),
            *([] if act is Act.CONFIRM else [gettext("原来已经同意的继续有效，不会变少。")]),
            _line(gettext("有效期"), gettext("自确认起 %(n)s 天") % {"n": scope.valid_days}),
            _line(gettext("查询次数"), gettext("最多 %(n)s 次") % {"n": scope.max_queries}),
            *_ways(scope),
        ]
        if needed:
            lines.append(
                _line(gettext("本人单独同意"), " / ".join(_name(item, language) for item in sorted(needed)))
            )
        if any(needed.values()):
            lines.append(
                gettext("本人已知悉：核验不动产信息可能影响授信结果等，可能产生不良后果，本人书面同意。")
            )
        lines.append(gettext("随时可以撤回；撤回后立即不能再查询，已经提供的不追回。"))
        data: dict[str, Json] = {
            "act": str(act),
            "authorisation": row.id,
            "institution": row.institution_id,
            "purpose": row.purpose,
            **scope_json(scope),
        }
        lines.append(_line(gettext("内容摘要"), digest_hex(data)))
    return WhatYouSee(act, tuple(lines))


def what_you_end(row: ItemAuthorisation, *, language: Language) -> WhatYouSee:
    """The text of withdrawing an authorisation of items."""
    with use_language(language):
        data: dict[str, Json] = {
            "act": str(Act.WITHDRAW),
            "authorisation": row.id,
            "institution": row.institution_id,
        }
        lines = (
            gettext("撤回信用信息事项授权"),
            _line(gettext("被授权机构"), row.institution.name),
            _line(gettext("授权企业"), f"{row.enterprise.name} {row.enterprise.uscc}"),
            _line(gettext("授权编号"), row.authorisation_no or row.request_no),
            gettext("撤回立即生效，不可恢复；该机构不能再查询，已经提供的不追回。"),
            _line(gettext("内容摘要"), digest_hex(data)),
        )
    return WhatYouSee(Act.WITHDRAW, lines)


def _scope_lines(scope: ItemScope, language: Language) -> list[str]:
    lines = [
        _line(_kind(one.item), f"{_name(one.item, language)}: {_labels(one.item, one.fields, language)}")
        for one in sorted(scope.grants, key=lambda one: one.item)
    ]
    return lines + [
        _line(
            gettext("核验事项"),
            f"{_name(one.item, language)}: {_labels(one.item, one.fields, language)} [{one.digest}]",
        )
        for one in sorted(scope.claims, key=lambda one: (one.item, one.digest))
    ]


def _kind(item: str) -> str:
    collected = all_terms()[item].kind is ItemKind.COLLECTED
    return gettext("归集事项") if collected else gettext("接口事项")


def _ways(scope: ItemScope) -> list[str]:
    """How what is granted reaches the institution: one sentence for each way there is in the scope."""
    at_source = {all_terms()[item].kind.at_source for item in scope.items}
    if not at_source and scope.report:  # reports appended to items given before: those are opened from now on
        at_source = {True}
    lines = []
    if True in at_source and scope.report:
        lines.append(
            gettext(
                "接口事项由部门密封给出；该机构生成信用报告时，平台在内存里代为打开、放进报告，不留存；核验只答是或否。"
            )
        )
    elif True in at_source:
        lines.append(gettext("接口事项由部门直接给该机构，平台只过手，打不开，不留存；核验只答是或否。"))
    if False in at_source:
        lines.append(gettext("归集事项是平台已经归集的记录，由平台给该机构，只给列出的字段。"))
    if scope.report:
        lines.append(
            gettext(
                "该机构可以凭此生成信用报告，里面有企业自行申报中同意给机构看的内容；也可以生成企业画像，就是由上面归集的各项算出、和同类企业并排的数。一份用一次，报告每向数源调用一项再用一次。"
            )
        )
    return lines


def _name(item: str, language: Language) -> str:
    found = catalogue().items[item]
    return (found.name_en or found.name) if language is Language.EN else found.name


def _labels(item: str, names: frozenset[str], language: Language) -> str:
    fields = [field for field in catalogue().items[item].fields if field.name in names]
    return " / ".join((f.label_en or f.label) if language is Language.EN else f.label for f in fields)


def _line(label: str, value: str) -> str:
    return f"{label}{gettext('：')}{value}"
