//! The label words of each class.

use super::class::{
    BIRTH, CARD, EMAIL, FOREIGN, HONG_KONG, ID, IP, MAC, PASSPORT, PERMIT, PHONE, PLATE, QQ, SSN, TAIWAN, THING, US,
    USCC, VERSION, WECHAT,
};

/// A label may end in `号`, `号码` or `no.`, so only stems are listed.
#[rustfmt::skip] // One word a line would make four hundred lines of a table that is read by class.
pub(super) const WORDS: &[(u32, &[&str])] = &[
    // Words of no class that hold one of the others, and so hide it.
    (0, &[
        "发生于", "产生于", "派生于", "衍生于", "寄生于", "源生于", "滋生于", "出生率", "出生人口", "生日快乐",
        "qq音乐", "qq浏览器", "qq游戏", "qq飞车", "qq炫舞", "qq阅读", "qq会员", "qq钱包",
    ]),
    (PHONE, &[
        "电话", "手机", "联系", "联系方式", "联系号码", "联系人", "机号", "致电", "拨打", "来电", "呼叫", "热线",
        "传真", "座机", "固话", "短信", "通话", "聯絡電話", "電話", "手機", "联络", "whatsapp", "tel",
        "tel.", "phone", "phones", "telephone", "mobile", "cell", "cellphone", "call", "calling",
        "called", "contact", "fax", "hotline", "sms", "reach me", "text me", "ring",
    ]),
    (ID, &[
        "身份证", "身份證", "身分證", "身份证统一编号", "身分證統一編號", "國民身分證統一編號", "身份证编号", "证件编号", "公民身份", "身份号码", "证件", "證件", "居民证", "居住证", "身份",
        "identity", "id card", "id no", "id number", "identification", "national id", "idcard", "id_card",
        "hkid",
    ]),
    (CARD, &[
        "卡号", "银行卡", "信用卡", "储蓄卡", "借记卡", "工资卡", "账号", "帐号", "账户", "帐户", "賬號",
        "賬戶", "卡號", "收款", "汇款", "转账", "打款", "开户", "刷卡", "cc", "card", "credit", "debit", "visa",
        "mastercard", "amex", "american express", "discover", "maestro", "diners", "jcb", "bank account",
        "account no", "account number", "账戶",
    ]),
    (USCC, &[
        "信用代码", "税号", "纳税人识别号", "组织机构", "营业执照", "uscc",
    ]),
    (PASSPORT, &[
        "护照", "護照", "护照编号", "護照編號", "passport", "passports", "passport number", "passport no", "passport no.",
    ]),
    (PASSPORT | US, &[
        "us passport", "u.s. passport", "american passport", "us passport number", "u.s. passport number",
        "american passport number", "us passport no", "us passport no.", "美国护照", "美國護照",
    ]),
    (PERMIT, &[
        "通行证", "通行證", "通行证编号", "回乡证", "回鄉證", "台胞证", "臺胞證", "台胞證", "港澳证", "往来港澳",
        "往来台湾", "往来内地", "来往内地", "往来大陆", "travel permit", "home return permit",
    ]),
    (PLATE, &[
        "车牌", "号牌", "牌照", "車牌", "车辆", "轿车", "驾驶", "车号", "plate", "license plate",
    ]),
    (HONG_KONG, &[
        "香港", "hong kong", "hkid",
    ]),
    (TAIWAN, &[
        "台湾", "台灣", "臺灣", "臺湾", "taiwan",
    ]),
    (QQ, &[
        "qq", "qq号", "qq号码", "qq群", "扣扣", "球球", "企鹅", "企鹅号", "q号", "q群", "q：", "q q", "ＱＱ", "ｑｑ", "加q", "加qq", "加群", "群号",
        "交流群",
    ]),
    (WECHAT, &[
        "微信", "wechat", "weixin", "vx", "薇信", "威信",
    ]),
    (BIRTH, &[
        "出生", "出生日期", "出生年月日", "出生年月", "出生时间", "生日", "生于", "誕生", "诞辰", "born", "birth", "birthday", "birthdate", "dob", "d.o.b",
        "date of birth",
    ]),
    (IP, &[
        "ip", "ipv4", "ipv6", "ip地址", "地址", "服务器", "主机", "网关", "子网", "内网", "host",
        "server", "address", "addr", "ping", "ssh", "subnet", "gateway", "dns", "listen", "connect",
        "route", "src", "dst", "unspecified", "bind", "network", "telnet", "localhost", "inet",
        "nameserver", "登录", "访问", "curl", "proxy",
        "forwarded", "x-forwarded-for", "x-real-ip", "remote", "client",
    ]),
    (SSN, &[
        "ssn", "ssns", "social security", "social security number", "social security no", "ssn number", "社会安全", "社安号", "itin", "social",
    ]),
    (MAC, &[
        "mac", "mac地址", "mac address", "网卡", "物理地址", "hardware address", "ethernet", "hwaddr",
    ]),
    (EMAIL, &[
        "邮箱", "邮件", "电邮", "email", "e-mail", "mail", "郵箱", "邮址",
    ]),
    (US, &[
        "美国", "美國", "u.s.", "american", "united states", "usa", "美籍",
    ]),
    (FOREIGN, &[
        "israeli", "israel", "japanese", "japan", "uk", "british", "london", "german", "germany", "french", "france",
        "italian", "italy", "indian", "india", "brazil", "brazilian", "korean", "korea", "singapore", "australian",
        "australia", "日本", "英国", "伦敦", "以色列", "韩国", "德国", "法国", "意大利", "印度", "巴西", "新加坡", "澳大利亚",
        "澳洲", "加拿大", "俄罗斯", "泰国", "马来西亚",
    ]),
    (THING, &[
        "订单", "訂單", "单号", "单据", "流水", "编号", "序列号", "序号", "货号", "批号", "运单", "快递",
        "物流", "包裹", "条码", "条形码", "合同", "凭证", "票号", "发票", "车次", "交易号", "交易",
        "商户", "案号", "文号", "档案", "备案", "批准", "注册号", "登记号", "型号", "产品", "时间戳",
        "批次", "编码", "发动机", "车架", "图号", "尺寸", "规格", "工号", "学号", "考号", "考证号", "准考证", "保单", "提单",
        "坐标", "经度", "纬度", "校验", "哈希", "阅读", "浏览", "播放", "访问量", "缺陷", "工单", "任务", "商品", "设备号",
        "设备", "钢号", "牌号", "标准", "许可证", "准字", "证书", "专利", "申请号", "资产", "库存",
        "模型", "题号", "代号", "端口", "进程", "行号", "字节", "样本", "期号", "书号", "刊号", "统计",
        "人口", "总数", "总计", "共计", "金额", "合计", "价格", "单价", "余额", "营收", "总额", "数量",
        "面积", "圆周率", "随机数", "種子", "种子", "order", "orders", "tracking", "serial", "invoice",
        "sku", "isbn", "issn", "doi", "uuid", "guid", "timestamp", "commit", "hash", "build", "pid",
        "bug", "issue", "ticket", "part no", "part number", "model", "case no", "case number", "patent",
        "receipt", "ref", "reference", "transaction", "barcode", "ean", "upc", "imei", "seed", "checksum",
        "port", "size", "bytes", "page", "pages", "lot", "batch", "oid", "epoch", "amount", "total",
        "user_id", "user id", "userid", "uid", "用户id", "room_id", "device_id", "session_id", "group_id", "message_id",
        "request_id", "trace_id", "app_id", "appid", "openid",
        "price", "inode", "shipment", "parcel", "waybill", "product", "item", "revision", "cve", "rfc",
    ]),
    (VERSION, &[
        "版本", "版", "version", "versions", "ver", "ver.", "release", "v", "rev", "firmware", "固件",
        "内核", "kernel", "driver", "驱动", "升级", "更新", "章", "节", "section", "chapter", "clause",
        "条款", "条",
    ]),
];
