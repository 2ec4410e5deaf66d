"""The table of the troubleshooting page in Chinese, by the shown text, which is not translated."""

from __future__ import annotations

from typing import Final

TITLES: Final = {
    "It does not start": "启动不了",
    "The service is not reached": "连不上服务",
    "The service refuses": "服务拒绝",
    "The response is odd": "响应异常",
    "A table is not what it seems": "表与想象的不同",
    "A log is not shown": "看不到日志",
    "A file is not written": "文件没有写成",
}

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "endpoint and region are missing": (
        "不知道服务在哪里。",
        "设置 `DATAMAP_REGION`；使用自己的地址时设置 `DATAMAP_ENDPOINT`。",
    ),
    "project_id is missing, and without a region it cannot be looked up": (
        "只有地址，不知道要问谁的数据。",
        "设置 `DATAMAP_PROJECT_ID`，或者设置区域，这时取与区域同名的项目。",
    ),
    "no credentials: … Set one of them": (
        "所有查找的位置都没有凭据。",
        "设置 `DATAMAP_TOKEN`，或 `HUAWEICLOUD_SDK_AK` 和 `HUAWEICLOUD_SDK_SK`；在另一个终端里设置的不算。",
    ),
    "is not set, and …": ("某个 id 没有给出，而可选的不是恰好一个。", "把写明的变量设为列出的 id 之一。"),
    "is plain http, on which everyone can read the credentials": (
        "地址在另一台机器上，却不是 `https`。",
        "改用 `https`；模拟服务在另一个容器里时，设置 `DATAMAP_ALLOW_HTTP=1`。",
    ),
    "… is not installed: …": ("缺少一个可选依赖。", "在 `datamap` 所在的环境里安装报错中写明的可选依赖。"),
    "no key is called …": (
        "表清单文件里有无法理解的内容；报错的每一行对应文件的一行。",
        "改正写明的那些行；[可以写什么](morning-check.md#文件)。",
    ),
    "has no time zone: give one, such as datetime(…, tzinfo=timezone.utc)": (
        "没有时区的时间，在每个时区指不同的时刻。",
        "使用带时区的 `datetime`，或带偏移的文字；命令行上用 `--tz` 说明时区。",
    ),
    "looks like seconds: give milliseconds": ("服务按 1970 年以来的毫秒计时。", "乘以 1000，或使用 `datetime`。"),
    "no connection to …": (
        "域名不认识，那里没有程序在监听，或者中间有防火墙。",
        "`datamap doctor` 会查明是哪一种；只能经代理出去时，在 `HTTPS_PROXY` 中写明。",
    ),
    "uses SOCKS": ("某个变量指定了本客户端不支持的代理类型。", "在 `HTTPS_PROXY` 中写 `http` 或 `https` 代理。"),
    "no connection to …: … certificate verify failed": (
        "证书是自签名的、已过期，或属于别的主机；会解开 TLS 的公司代理出示的是它自己的证书。",
        "在 `SSL_CERT_FILE` 中写明代理的证书；不要关闭校验，本项目也没有这个选项。",
    ),
    "no response in time from …": (
        "连上了，但所有尝试都没有等到响应。",
        "稍后再试；服务较慢时，调大 `timeout=` 或 `deadline=`（`--deadline`）。",
    ),
    "the response from … is larger than … (max_answer_size)": (
        "一个响应超过了 `max_answer_size`，它保护您的内存。",
        "把页改小（`--page-size`）；信任该服务端时，调大这个上限。",
    ),
    "the client is closed: create a new one, or close it later": (
        "在 `with` 块结束之后调用，或者另一个线程关闭了客户端。",
        "在块内把结果读完。",
    ),
    "HTTP 401: … Incorrect IAM authentication information": (
        "token 已过期（有效期 24 小时）、属于别的区域，或者密钥的签名不对。",
        "`datamap doctor` 会查明是哪一种。被拒绝的凭据不会再次发送：签名连续出错，密钥会锁定五分钟。",
    ),
    "HTTP 403: …": (
        "身份已识别，但没有权限，或者项目、实例不是您的。",
        "申请可以读取的角色（DAYU User 或以上）。搜索和血缘接口需要账号受邀。",
    ),
    "HTTP 404: …": (
        "没有这张表，或者这个地址没有数据地图服务。",
        "`datamap tables NAME` 查表的 GUID；`datamap doctor` 能区分这两种情况。",
    ),
    "HTTP 400: …": ("值不对；服务在找不到东西时也这样说。", "看错误码后面的文字；往往是 id 属于别的项目。"),
    "HTTP 429: … The throttling threshold has been reached": (
        "您或共用该用户的人，每秒超过 50 个请求，所有尝试都用完了。",
        "调小 `requests_per_second=` 或 `concurrency=`，或换个时间。",
    ),
    "HTTP 500: …": ("服务端出了问题；已经自动重试过。", "稍后再试。提工单时附上报错末尾的 request id。"),
    "HTTP 200 carries an error": ("服务拒绝时却返回 200。", "按相同错误码的 HTTP 状态处理。"),
    "HTTP 200 around status_code …": (
        "服务后面的调度系统失败，服务把它包在 HTTP 200 里返回。",
        "稍后再试；提工单时需要 request id。",
    ),
    "the body says success: false": ("调度系统说它做不到。", "看它的文字；多半是 task id 和作业名对不上。"),
    "the response is not JSON": (
        "返回的不是接口所描述的内容：登录页、代理的页面，或别的服务。",
        "看 `error.raw`；`datamap doctor` 会指出在哪一步看到它。",
    ),
    "the body is not JSON": (
        "信封里的文字是空的、不是 JSON，或没有 rows。",
        "看 `error.raw`；如果真实服务这样返回，欢迎[提 issue](../project/contributing.md)。",
    ),
    "values of unexpected types": (
        "某个字段的类型与规范不同，而 `strict=True` 要求报错。",
        "去掉 `strict`：该属性为 `None`，`run.problems` 会写明是哪个字段。",
    ),
    "… read, then …": (
        "无法证明没有漏掉运行：读取期间有运行出现或消失，或者服务端不理会请求的参数。",
        "用 `error.resume_token` 接着读，缩短时间窗口，或给出 `--offset-unit`。",
    ),
    "no table is named …": (
        "没有一张表的路径以它结尾；报错列出了相似的名字。",
        "写路径的末尾：`orders`、`sales.orders`。`datamap tables` 显示它们叫什么。",
    ),
    "tables are named …: give a GUID, or more of the name": (
        "有几张表都叫这个名字。",
        "把路径写长一些，或使用列出的某个 GUID。",
    ),
    "no operator of the table is called …": (
        "`--operator` 或 `--ignore` 写的不是这张表的作业算子。",
        "`datamap operators TABLE` 列出它们。",
    ),
    "… after … seconds: …": (
        "窗口内没有一次运行按时结束。",
        "等久一些（`--for 2h`），或看看它到哪一步了：`datamap runs`、`datamap why`。",
    ),
    "the run has no log path": (
        "这次运行没有开始，或者日志不写到对象存储。",
        "看别的运行；`datamap runs` 会显示哪些有日志路径。",
    ),
    "there is no log at …": (
        "日志还没写出来，或者被桶的生命周期规则删除了。",
        "运行还没结束时，`datamap log TABLE --follow` 会等它。",
    ),
    "there is no bucket … for the log …": (
        "桶被删除了，或者数据治理中心没有权限创建它。",
        "创建这个桶，或在工作空间里另选日志路径。",
    ),
    "access to the log … was denied: …": (
        "凭证没有 `obs:object:GetObject` 权限，或者在对象存储里无效；报错会写明是哪一种。",
        "申请 OBS OperateAccess 角色，或改正报错写明的地方。",
    ),
    "is archived: restore the object in OBS": (
        "桶的规则把日志转到了归档存储。",
        "在 OBS 控制台恢复该对象，再读一次。",
    ),
    "the bucket … is in another region": (
        "按客户端的区域去找，而桶在别的区域。",
        "给出那个区域的地址：`DATAMAP_OBS_ENDPOINT=https://obs.REGION.myhuaweicloud.com`。",
    ),
    "was replaced while it was read": (
        "运行重新开始了，日志也是。",
        "再读一次。",
    ),
    "the address of object storage is not known": (
        "区域和地址都没有说明日志在哪里。",
        "设置 `DATAMAP_REGION`；在私有网络里设置 `DATAMAP_OBS_ENDPOINT`。",
    ),
    "is in use by another process: try again": (
        "另一个检查正占用状态文件或卡住了；文件也可能属于别的实例，或已损坏。",
        "等一次检查结束再开始下一次；损坏的文件移走即可，下一次检查会新建。",
    ),
    "was changed by another process meanwhile, and was not replaced": (
        "两个导出写同一个文件。",
        "让其中一个写别的文件，或者先后执行。",
    ),
    "has the columns …: give the file's columns, or start a new file": (
        "要续写的文件是用别的列写的。",
        "给出相同的 `--columns`，或换一个文件。",
    ),
}
