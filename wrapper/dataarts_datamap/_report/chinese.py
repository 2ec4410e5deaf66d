"""The words of a report in simplified Chinese, with the terms of the cloud's own documentation."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from dataarts_datamap._report.outliers import OUTLIER_RULE
from dataarts_datamap._report.texts import Texts

_TABLE: Final = {
    # The headline
    "The table is fresh: {what} is {age} old.": "表是新鲜的：{what}在 {age}之前。",
    "No operator has failed since its last success; the oldest last success is {age} old.": (
        "各作业算子最近一次成功之后都没有失败；其中最早的一次在 {age}之前。"
    ),
    "No run has failed since the last success, which is {age} old.": ("最近一次成功在 {age}之前，此后没有失败的运行。"),
    "the oldest last success of its operators": "各作业算子最近一次成功中最早的一次",
    "its last success": "最近一次成功",
    "The table is late: no run planned for its due time has succeeded.": "表迟到了：到期应完成的运行没有一个成功。",
    "The table is slow: a run is taking longer than usual.": "表较慢：有一次运行比平常久。",
    "The table has few rows: its last success wrote fewer than it should.": "表的行数过少：最近一次成功写入偏少。",
    "The table is not fresh: {failures}.": "表不新鲜：{failures}。",
    "There are no runs in this window.": "这段时间内没有运行。",
    "It is unknown whether the table is fresh: the time of a success cannot be read.": (
        "无法判断表是否新鲜：某次成功的时间读不出来。"
    ),
    "It is unknown whether the table is fresh: no run{of} is known to have succeeded or failed.": (
        "无法判断表是否新鲜：{of}没有一次运行已知成功或失败。"
    ),
    "The table is stale: no run{of} in this window succeeded.": "表已过期：这段时间内{of}没有一次运行成功。",
    "The table is stale: the last success{of} is {age} old.": "表已过期：{of}最近一次成功在 {age}之前。",
    "The table is stale: its last success is {age} old.": "表已过期：最近一次成功在 {age}之前。",
    "{runs}{of} failed, and none succeeded": "{of}有 {runs}失败，没有一次成功",
    "{runs}{of} failed after its last success": "{of}最近一次成功之后有 {runs}失败",
    "{runs}{of} failed after the last success": "{of}最近一次成功之后有 {runs}失败",
    " of {job}": "作业 {job} ",
    "Judged at {time} ({zone}).": "判断时间：{time}（{zone}）。",
    "no limit is set on its age (--max-age)": "没有设定期限（--max-age）",
    "{span} are allowed": "期限为 {span}",
    "{span} are allowed, which is slightly exceeded": "期限为 {span}，略有超出",
    "{span} before": "早 {span}",
    "{span} after": "晚 {span}",
    "{what}: {time}, {ago} this report, by {job}; {limit}. {judged}": (
        "{what}：{time}，比本报告{ago}，作业 {job}；{limit}。{judged}"
    ),
    "Oldest last success": "最早的“最近一次成功”",
    "Last success": "最近一次成功",
    "{n} more job has failed since its last success.": "另有 {n} 个作业在最近一次成功之后失败过。",
    "{n} more jobs have failed since their last success.": "另有 {n} 个作业在最近一次成功之后失败过。",
    "{job} failed {times} and has not succeeded in this window{latest}.": (
        "作业 {job} 失败 {times}，这段时间内没有成功{latest}。"
    ),
    "{job} failed {times} since its last success{latest}.": "作业 {job} 在最近一次成功之后失败 {times}{latest}。",
    "{job} was skipped {times} and has not succeeded in this window{latest}.": (
        "作业 {job} 被跳过 {times}，这段时间内没有成功{latest}。"
    ),
    "{job} was skipped {times} since its last success{latest}.": (
        "作业 {job} 在最近一次成功之后被跳过 {times}{latest}。"
    ),
    ", the latest planned for {time}": "，最近一次计划在 {time}",
    "once": "1 次",
    "{n} times": "{n} 次",
    ", the latest at {time}": "，最近一次在 {time}",
    "The last success of {job} lies {span} ahead of this machine's clock: one of the clocks is wrong.": (
        "作业 {job} 最近一次成功的时间比本机时钟晚 {span}：有一个时钟不准。"
    ),
    "{runs} of {job} succeeded at a time that cannot be read.": "作业 {job} 有 {runs}成功，但时间读不出来。",
    "{running} under way, {waiting} waiting.": "{running}进行中，{waiting}等待中。",
    "{runs} with an unknown status, which do not count: {names}.": ("{runs}的状态不认识，不参与判断：{names}。"),
    "No operator is known to produce this table: the GUID may be that of another table.": (
        "没有已知的作业算子产出这张表：GUID 可能是别的表的。"
    ),
    "A longer window may have some, such as --since 90d.": "把时间放长也许就有，例如 --since 90d。",
    "No runs in this window, left out: {names}.": "这段时间内没有运行，不参与判断：{names}。",
    "No runs in this window: {names}.": "这段时间内没有运行：{names}。",
    "Not judged, on request: {names}.": "按要求不参与判断：{names}。",
    "On request, the last success of any operator counts.": "按要求，任一作业算子最近一次成功即可。",
    "Left out, because lineage does not name them as writers of the table: {names}.": (
        "血缘没有说明这些作业算子写这张表，不参与判断：{names}。"
    ),
    "{doubt}.": "{doubt}。",
    "{n} run": "{n} 次运行",
    "{n} runs": "{n} 次运行",
    "(none)": "（无）",
    "(no name)": "（无名称）",
    "task {id}": "算子 {id}",
    "workspace {id}": "工作空间 {id}",
    # Verdicts and states
    "fresh": "新鲜",
    "no failure": "无失败",
    "stale": "过期",
    "late": "迟到",
    "failed": "失败",
    "unknown": "无法判断",
    "few_rows": "行数过少",
    "succeeded": "成功",
    "active": "进行中",
    "skipped": "跳过",
    "Succeeded": "成功",
    "Failed": "失败",
    "Active": "进行中",
    "Skipped": "跳过",
    "Unknown": "未知",
    # The page
    "Data Map report": "数据地图报告",
    "Skip to the runs": "跳到运行",
    "Colours": "配色",
    "Auto": "自动",
    "Light": "浅色",
    "Dark": "深色",
    "The window in numbers": "这段时间的数字",
    "Table": "表",
    "{start} to {end} ({zone})": "{start} 至 {end}（{zone}）",
    "Runs": "运行",
    "Outliers": "离群值",
    "Typical duration": "通常时长",
    "Typical wait": "通常等待",
    "none": "无",
    "The charts and the list of runs need JavaScript, which is off. The scripts are in this file; nothing is loaded.": (
        "图表和运行列表需要 JavaScript，而它被关闭了。脚本就在本文件中，不会加载任何外部脚本。"
    ),
    "Filters": "筛选",
    "Find": "查找",
    "Job, status, run id, log path": "作业、状态、运行 id、日志路径",
    "All jobs": "所有作业",
    "{n} of {all} jobs": "{all} 个作业中的 {n} 个",
    "Jobs": "作业",
    "State": "状态",
    "Planned": "计划时间",
    "From": "从",
    "To": "到",
    "24 h": "24 小时",
    "7 d": "7 天",
    "All": "全部",
    "Clear": "清除",
    "YYYY-MM-DD hh:mm": "年-月-日 时:分",
    "A time is written like 2024-01-31 or 2024-01-31 16:00.": "时间写作 2024-01-31 或 2024-01-31 16:00。",
    "Active filters": "筛选条件",
    "{n} of {runs} shown": "显示 {runs}中的 {n} 次",
    "text {text}": "文字：{text}",
    "job {names}": "作业：{names}",
    "state {names}": "状态：{names}",
    "without state {names}": "不含状态：{names}",
    "planned from {start}": "计划时间从 {start}",
    "planned before {end}": "计划时间早于 {end}",
    "planned from {start} to {end}": "计划时间 {start} 至 {end}",
    "Remove the filter {what}": "取消筛选“{what}”",
    "Copy": "复制",
    "Copied": "已复制",
    "Could not be copied": "无法复制",
    "log path of run {id}": "运行 {id} 的日志路径",
    "log path of {table}": "{table} 的日志路径",
    "Show all {n}": "显示全部 {n} 次",
    "{n} attempts": "尝试 {n} 次",
    "Outcomes by planned time": "按计划时间的结果",
    "chart": "图表",
    (
        "Arrow keys move from square to square and read each out. On a square, Enter shows its run in the list; on a "
        "cell, only its runs."
    ): "方向键在格子间移动并读出内容，回车在列表中显示该次运行，或只显示该格的运行。",
    "What a square is": "每格的含义",
    "The whole time": "整段时间",
    "The newest runs": "最近的运行",
    "Key": "图例",
    "Each square is a planned run ({zone}).": "每格为一次计划的运行（{zone}）。",
    "duration; the longest of a job has full height": "时长，作业中最长的为全高",
    "outlier": "离群值",
    "tried again": "重试过",
    "took at most {span}": "最长用时 {span}",
    "Each cell is an hour of planned runs ({zone}) and shows the worst outcome.": (
        "每格为一小时内计划的运行（{zone}），显示其中最差的结果。"
    ),
    "Each cell is {span} of planned runs ({zone}) and shows the worst outcome.": (
        "每格为 {span}内计划的运行（{zone}），显示其中最差的结果。"
    ),
    "{runs} planned outside of the window or at no known time: only in the list.": (
        "{runs}的计划时间在这段时间之外或不详：只在列表中。"
    ),
    "{n} more job has runs: choose jobs above to see it.": "另有 {n} 个作业有运行：在上面选择作业即可查看。",
    "{n} more jobs have runs: choose jobs above to see them.": "另有 {n} 个作业有运行：在上面选择作业即可查看。",
    "{start} to {end}": "{start} 至 {end}",
    ", ": "，",
    ". ": "。",
    "{table} ({how})": "{table}（{how}）",
    "Runs on a time line": "时间线上的运行",
    "Time shown on the time line": "时间线显示的时间",
    "Earlier": "更早",
    "Later": "更晚",
    "Length of time shown": "显示的时长",
    "6 hours": "6 小时",
    "24 hours": "24 小时",
    "3 days": "3 天",
    "{runs} from {start} to {end} ({zone}). A thin line leads from plan to start.": (
        "{start} 至 {end}（{zone}）共 {runs}。细线从计划时间引到开始时间。"
    ),
    "Arrow keys move from run to run and read each out. Enter shows a run in the list.": (
        "方向键在运行间移动并读出内容，回车在列表中显示该运行。"
    ),
    "Duration and wait": "时长与等待",
    (
        "For each job, how long runs took, with the rolling median of its successes as a line and outliers in a ring; "
        "below, how long they waited from plan to start."
    ): "每个作业一张图：上面是运行时长，线为成功运行的滚动中位数，离群值带圈；下面是从计划到开始的等待时间。",
    "Duration of {job}: {text}": "{job} 的时长：{text}",
    "Wait of {job}: {text}": "{job} 的等待：{text}",
    "takes {span}, at most {most}": "通常 {span}，最长 {most}",
    "no success with a duration": "没有带时长的成功",
    "waits {span}": "等待 {span}",
    "{n} outlier": "{n} 个离群值",
    "{n} outliers": "{n} 个离群值",
    "no outliers": "没有离群值",
    "No run has a start and an end.": "没有同时有开始和结束的运行。",
    "No run has a plan and a start.": "没有同时有计划和开始的运行。",
    "Show {n} more job": "再显示 {n} 个作业",
    "Show {n} more jobs": "再显示 {n} 个作业",
    "Runs to list": "要列出的运行",
    "Failures": "失败",
    "Job": "作业",
    "Status": "状态",
    "Waited": "等待",
    "Took": "时长",
    "Run": "运行",
    "Log": "日志",
    "slow": "慢",
    "fast": "快",
    "Running data": "运行数据",
    "Log could not be read": "日志无法读取",
    "End of the log ({size} bytes in all)": "日志末尾，共 {size} 字节",
    "No failed run matches the filters.": "符合筛选条件的运行没有失败的。",
    "No outlier matches the filters.": "符合筛选条件的运行没有离群值。",
    "No run matches the filters.": "没有符合筛选条件的运行。",
    "Pages of the list": "列表分页",
    "Previous": "上一页",
    "Next": "下一页",
    "Page {page} of {pages}": "第 {page} 页，共 {pages} 页",
    ", outlier": "，离群值",
    "planned {time}": "计划时间 {time}",
    "waited {span}": "等待 {span}",
    "took {span}": "用时 {span}",
    "took {span}, median {median}": "用时 {span}，中位数 {median}",
    OUTLIER_RULE: (
        "一次成功的运行，如果时长比它与之前最多 {before} 次成功的中位数至少长或短四分之一，并且偏离该中位数"
        "超过三个标准差（按中位数绝对偏差的 {normal} 倍估计），就算离群值。每个作业的前 {unjudged} 次不判断。"
    ),
    "Upstream": "上游",
    "Upstream: {sentence}": "{sentence}",
    "That success was {run}.": "该次成功是{run}。",
    "The tables upstream are not known: the service does not let this account read lineage.": (
        "不知道这张表由哪些表加工而来：服务不允许此账号读取血缘。"
    ),
    "No table upstream is known.": "没有已知的上游表。",
    "1 table feeds it": "上游有 1 张表",
    "{n} tables feed it": "上游有 {n} 张表",
    "{tables}; none is in trouble.": "{tables}，都没有问题。",
    "{tables}; in trouble: {names}.": "{tables}；有问题的：{names}。",
    "{tables}; in trouble: {names} and {n} more.": "{tables}；有问题的：{names}，另有 {n} 张。",
    "still running": "仍在运行",
    "has not started": "尚未开始",
    "no run planned": "没有计划运行",
    "well": "正常",
    "from elsewhere": "来自别处",
    "not judged": "未判断",
    "Drawing of the tables that feed the table": "上游各表的示意图",
    "The drawing is wider than the page: scroll it sideways.": "示意图比页面宽：可左右滚动。",
    "by {job}": "作业 {job}",
    "run {id}": "运行 {id}",
    "in trouble since {time}": "自 {time} 起有问题",
    # Doubts about producers and the tables upstream
    "an operator": "某个作业算子",
    "lineage says that {what} writes {table}, but the service does not list it": (
        "血缘说明 {what} 写 {table}，但服务没有列出它"
    ),
    "{job} may have another name in lineage, and write {table}: it counts": (
        "作业 {job} 在血缘中可能用别的名称，并写 {table}：参与判断"
    ),
    "{job} is listed for {table}, but lineage does not know it: it does not count": (
        "服务为 {table} 列出了作业 {job}，但血缘中没有它：不参与判断"
    ),
    "readers and producers cannot be distinguished: {reason}": "无法区分读这张表的和写这张表的作业算子：{reason}",
    "the table's lineage is not known": "不知道这张表的血缘",
    "the service does not list the operators that lineage names": "血缘中的作业算子不在服务列出的之中",
    "lineage names no operator that writes the table": "血缘中没有写这张表的作业算子",
    "lineage was not requested": "没有查询血缘",
    "the instance has {count} operators, too many to read all lineage for one table": (
        "该实例有 {count} 个作业算子，太多了，不为一张表读取全部血缘"
    ),
    "an unknown number of": "数量不详的",
    "the service does not let this account read lineage": "服务不允许此账号读取血缘",
    "the service knows no lineage of the table": "服务没有这张表的血缘",
    "lineage could not be read: {reason}": "血缘读不到：{reason}",
    "the search ended after {n} failed reads in a row": "连续 {n} 次读取失败后，不再继续查找",
    "{job}, which writes {table}, has no run in the time range: this job is not judged": (
        "写 {table} 的作业 {job} 在所看的时间内没有运行：不参与判断"
    ),
    "the runs of {job} could not be read: {reason}": "作业 {job} 的运行读不到：{reason}",
    "{table} is no longer known to the service: its state is unknown": ("服务中已没有 {table}：无法判断它的情况"),
    "the operators of {table} could not be read, so its state is unknown: {reason}": (
        "{table} 的作业算子读不到，无法判断它的情况：{reason}"
    ),
    "it is unknown which operators write {table}: none of them count": (
        "无法判断哪些作业算子写 {table}：它们都不参与判断"
    ),
    "it is unknown which operators write {table}: all of them count": (
        "无法判断哪些作业算子写 {table}：它们都参与判断"
    ),
    (
        "{table} was last written at {time}; whether that is late is unknown, as {job} has too few runs to "
        "infer its schedule. To read more runs, set an earlier beginning (--since 30d)"
    ): (
        "{table} 最近一次写入在 {time}，运行太少，看不出作业 {job} 多久写一次，无法判断它是否迟到。"
        "要读取更多运行，请把开始时间提前（--since 30d）"
    ),
    "not all tables upstream were examined: at most {n}, including the table itself": (
        "上游的表没有全部查看：最多 {n} 张，包括这张表"
    ),
    # The page of all tables
    "Data Map tables": "数据地图：所有表",
    "Skip to the tables": "跳到表",
    "Table, owner, reason": "表、负责人、理由",
    "Verdict": "结论",
    "Sort": "排序",
    "worst first": "最差的在前",
    "name": "名称",
    "oldest success": "成功最早的在前",
    "Group": "分组",
    "owner": "负责人",
    "database": "数据库",
    "Legend": "图例",
    "going on": "进行中",
    "no runs": "没有运行",
    "Owner": "负责人",
    "No table matches the filters.": "没有符合筛选条件的表。",
    "Checked {time} ({zone}), {n} days up to then": "检查时间：{time}（{zone}），此前 {n} 天",
    "{n} of {all} tables shown": "显示 {all} 张表中的 {n} 张",
    "{span} ago": "{span}前",
    "Where to look first": "先看这里",
    "Explains {tables}: ": "影响 {tables}：",
    "{n} table": "{n} 张表",
    "{n} tables": "{n} 张表",
    "{n} more cause: in the tables below.": "另有 {n} 个原因：见下面各表。",
    "{n} more causes: in the tables below.": "另有 {n} 个原因：见下面各表。",
    "{why}; because of {names}": "{why}；原因在 {names}",
    "Look closer:": "进一步查看：",
    "command": "命令",
    "fine": "正常",
    "{key}: {fine} of {all} fine": "{key}：{all} 张中 {fine} 张正常",
    "{n} of {all} table is fine": "{all} 张表中 {n} 张正常",
    "{n} of {all} tables are fine": "{all} 张表中 {n} 张正常",
    "; ": "；",
    "{n} {verdict}": "{n} 张{verdict}",
    "never": "从未",
    "not known": "不详",
    "(no owner)": "（无负责人）",
    "(no database)": "（无数据库）",
    "Cause:": "原因：",
    "Its days could not be read:": "每天的情况读不到：",
    "Last failure:": "最近一次失败：",
    "{n} days: {what}": "{n} 天：{what}",
    "Made by dataarts-datamap": "由 dataarts-datamap 生成，版本",
    # Reasons of verdicts
    "{what}; due {time}, {span} ago": "{what}；应于 {time} 完成（{span}前）",
    "{what}; {doubt}": "{what}；{doubt}",
    "no operator is known to produce it": "没有已知的作业算子产出它",
    "the service knows no run of {who}": "服务没有 {who} 的任何运行",
    "no run of {who} in the last {span}": "最近 {span}内 {who} 没有运行",
    "no run of {who} in the last {span}: its last success is {age} old": (
        "最近 {span}内 {who} 没有运行：最近一次成功在 {age}之前"
    ),
    "{names} and {n} more": "{names} 等（另有 {n} 个）",
    "{who} has been running for {span}, {usual} is usual": "{who} 已运行 {span}，通常为 {usual}",
    "it": "它",
    "{n} row": "{n} 行",
    "{n} rows": "{n} 行",
    "{who} wrote {rows}, at least {least} are required": "{who} 写入 {rows}，要求至少 {least} 行",
    "{who} wrote {rows}, {usual} are usual, and a drop of {percent} % is allowed": (
        "{who} 写入 {rows}，通常为 {usual} 行，允许减少 {percent}%"
    ),
    "the number of rows that it wrote is not known": "写入了多少行不详",
    "the usual number of rows is not known yet": "通常有多少行尚不清楚",
    "{who} succeeded {age} ago": "{who} 在 {age}前成功",
    "{what}, no limit is set on its age": "{what}，没有设定期限",
    "{what}, {limit} allowed": "{what}，期限为 {limit}",
    "the last success of {who} is {age} old": "{who} 最近一次成功在 {age}前",
    "the last success of {who} is a little more than {age} old": "{who} 最近一次成功在 {age}多以前",
    "{what}; {runs} failed since": "{what}；此后有 {runs}失败",
    "{who} has never succeeded in the history that the service keeps": "在服务保存的记录中，{who} 从未成功过",
    "{who} has no success in the last {span}": "最近 {span}内 {who} 没有成功",
    "{runs} of {who} failed; {since}": "{who} 有 {runs}失败；{since}",
    "none has succeeded": "没有一次成功",
    "the last success is {age} old": "最近一次成功在 {age}前",
    "{who} has succeeded": "{who} 已成功",
    "{who} failed: {runs}, and none is going on": "{who} 失败：{runs}，且没有正在进行的",
    "{who} has a run with an unknown status: {names}": "{who} 有一次运行的状态不认识：{names}",
    "{who} succeeded at a time that cannot be read": "{who} 成功了，但时间读不出来",
    "{who} has not succeeded: {what}": "{who} 尚未成功：{what}",
    "it is running": "正在运行",
    "it is waiting": "正在等待",
    "it was skipped": "被跳过",
    "it has no run": "没有运行",
    "{who} has runs with an unknown status: {names}": "{who} 有些运行的状态不认识：{names}",
    "no run of {who} has succeeded or failed": "{who} 没有一次运行成功或失败",
    "it could not be read: {error}": "读不到：{error}",
    "Nothing on this page is loaded from or sent to any network.": "本页不从任何网络加载内容，也不发送任何内容。",
}

CHINESE: Final = Texts(
    tag="zh-CN",
    table=MappingProxyType(_TABLE),
    units=MappingProxyType({"d": "天", "h": "小时", "min": "分钟", "s": "秒"}),
)
