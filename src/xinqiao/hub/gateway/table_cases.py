"""What institutions do with needs that were handed to them: the part of the table about cases."""

from xinqiao.domain.errors import Code
from xinqiao.hub.gateway import handlers_cases as cases
from xinqiao.hub.gateway import schemas_cases as schemas
from xinqiao.hub.gateway.operations import Operation, Security
from xinqiao.hub.gateway.table_redress import EVIDENCE_KINDS

_DECIDING = (Code.STALE, Code.ILLEGAL_MOVE, Code.CONFLICT_STATE)

TABLE: tuple[Operation, ...] = (
    Operation(
        id="listCases",
        method="GET",
        path="/api/v1/cases",
        summary="The needs that were handed to this institution, and how far each has come",
        summary_zh="推送给本机构的融资申请及其进度",
        security=Security.TOKEN,
        handler=cases.list_cases,
        params=schemas.CaseParams,
        answer=schemas.CaseList,
    ),
    Operation(
        id="listCaseEvents",
        method="GET",
        path="/api/v1/case-events",
        summary="What happened to this institution's cases, in the order of the log",
        summary_zh="本机构融资申请的变化，按日志的次序",
        security=Security.TOKEN,
        handler=cases.list_case_events,
        params=schemas.EventParams,
        answer=schemas.CaseEvents,
    ),
    Operation(
        id="getCase",
        method="GET",
        path="/api/v1/cases/{id}",
        summary="One case with what happened, what the firm was asked for and what was said",
        summary_zh="一件申请：经过、补件和消息",
        security=Security.TOKEN,
        handler=cases.get_case,
        answer=schemas.CaseView,
    ),
    Operation(
        id="fireCaseEvent",
        method="POST",
        path="/api/v1/cases/{id}",
        summary="Take up, decline, investigate, ask, approve, reject, let lapse, sign",
        summary_zh="受理、不受理、尽调、要求补件、授信通过、不通过、失效、签约",
        security=Security.TOKEN,
        handler=cases.fire_case_event,
        body=schemas.CaseEventBody,
        answer=schemas.CaseView,
        idempotent=True,
        codes=_DECIDING,
    ),
    Operation(
        id="writeCaseMessage",
        method="POST",
        path="/api/v1/case-messages/{id}",
        summary="Write to the firm inside a case",
        summary_zh="在申请里给企业写一条消息",
        security=Security.TOKEN,
        handler=cases.write_case_message,
        body=schemas.CaseMessageBody,
        answer=schemas.CaseMessageView,
        status=201,
        idempotent=True,
        codes=(Code.CONFLICT_STATE,),
    ),
    Operation(
        id="getCaseFile",
        method="GET",
        path="/api/v1/case-files/{id}",
        summary="The content of a file the firm answered with",
        summary_zh="企业补件材料的内容",
        security=Security.TOKEN,
        handler=cases.get_case_file,
        answer=None,
        media_type=EVIDENCE_KINDS,
        codes=(Code.STORAGE_UNAVAILABLE,),
    ),
)
