"""Words of codes: files handed in."""

from typing import Final

from xinqiao.domain.errors import Code
from xinqiao.ui.error_words.model import ErrorWords

FILES: Final[dict[Code, ErrorWords]] = {
    # files
    Code.FILE_UNREADABLE: ErrorWords(
        "文件读不出来",
        "检查文件是否完整、没有加密，格式是否为文档写明的几种；指出了某一行的，看那一行的引号是不是成对、有没有坏字符。",
        "The file cannot be read",
        "Check that it is complete, not encrypted, and of a documented kind; in a row that is named, that quotes come in "
        "pairs and no character is damaged.",
    ),
    Code.FILE_EMPTY: ErrorWords(
        "文件里没有数据行",
        "表头下面至少要有一行数据。看看选的是不是这个文件、导出的时间范围对不对。",
        "The file has no rows",
        "There must be a row below the header. Check that it is the right file and the right period.",
    ),
    Code.FILE_COLUMNS: ErrorWords(
        "缺少必要的列", "按列名清单补上。", "Columns are missing", "Add the named columns."
    ),
    Code.FILE_VALUE: ErrorWords(
        "有一个值不对",
        "按提示的行和列修改；公式要先由表格软件算出结果并保存。",
        "A value is not valid",
        "Correct the named row and column; a formula must have been worked out and saved by a spreadsheet program.",
    ),
    Code.ENCODING_AMBIGUOUS: ErrorWords(
        "文字编码认不准",
        "另存为 UTF-8 或 GB18030；指出了某一行的，先看那一行有没有乱码或半个字。",
        "The encoding is ambiguous",
        "Save as UTF-8 or GB18030; where a line is named, look for damaged characters in it first.",
    ),
    Code.LAKE_BUSY: ErrorWords(
        "记录库正由别的程序写入",
        "等它写完再试；一次只有一个写入者。",
        "Another program is writing to the record store",
        "Try again when it is done; there is one writer at a time.",
    ),
    Code.LAKE_FULL: ErrorWords(
        "记录库所在的磁盘满了，这一批没有入库",
        "腾出空间后重新提交；已有的记录没有变。",
        "The disk of the record store is full; the batch was not taken in",
        "Make room and send it again; what was there is unchanged.",
    ),
    Code.LAKE_INVALID: ErrorWords(
        "与记录库对不上，没有采用",
        "核对文件夹、事项、批次号和主体标识；没有任何改动。",
        "It does not fit the record store and was not used",
        "Check the folder, item, batch number and subjects; nothing was changed.",
    ),
    Code.FILE_KIND_UNSUPPORTED: ErrorWords(
        "不收这种文件",
        "另存为 CSV、XLSX（不带宏）、JSONL 或 Parquet，也可以压成 ZIP。",
        "This kind of file is not taken",
        "Save as CSV, XLSX without macros, JSONL or Parquet; a ZIP of these is taken too.",
    ),
    Code.FILE_LIMITS: ErrorWords(
        "列、行或单元格超过上限",
        "按提示的上限拆开再传。",
        "Too many columns or cells, or one too long",
        "Split it below the named limit.",
    ),
    Code.ARCHIVE_LIMITS: ErrorWords(
        "压缩包超过上限，没有解开",
        "减少文件，不要层层压缩；大的 CSV 请直接传。",
        "The archive is over its limits and was not unpacked",
        "Fewer files and no archive inside; send a large CSV as it is.",
    ),
    Code.ARCHIVE_UNSAFE: ErrorWords(
        "压缩包里有不安全的文件名或链接",
        "重新压缩，只放数据文件。",
        "The archive holds an unsafe name or a link",
        "Make it again with the data files only.",
    ),
    Code.HEADER_MISMATCH: ErrorWords(
        "表头和这一项对不上",
        "按提示补上缺的列，去掉多的、重复的列；可以下载空表来填。",
        "The header is not that of the item",
        "Add the missing columns, remove the unknown and the repeated; a template can be downloaded.",
    ),
}
