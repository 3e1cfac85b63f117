"""Makes synthetic cases for `examples/pii_accuracy.rs`: sentences, and where personal data stands in them.

    python3 pii_cases.py 20000 7 > cases.jsonl

Arguments: how many cases, and a seed. Each line is `{"text": ..., "spans": [[kind, start, end], ...]}` with offsets in
characters. Check digits come from the arithmetic written down here after the standards, not from the code under test.
No value belongs to anyone but by chance.
"""

import json
import random
import string
import sys
from datetime import date, timedelta

R = random.Random()
D = string.digits


def digits(n, first="0123456789"):
    return R.choice(first) + "".join(R.choice(D) for _ in range(n - 1))


def pick(*options):
    return R.choice(options)


# Numbers with check digits -------------------------------------------------------------------------------------------

PROVINCES = [11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61,
             62, 63, 64, 65]


def day(low=1935, high=2015):
    start = date(low, 1, 1)
    return start + timedelta(days=R.randrange((date(high, 12, 31) - start).days))


def mod11_2(body):
    """GB 11643-1999: sum of digit times 2^(18-i) modulo 11."""
    total = sum(int(c) * pow(2, 17 - i, 11) for i, c in enumerate(body))
    return "10X98765432"[total % 11]


def cn_id():
    area = pick(f"{R.choice(PROVINCES)}{digits(4)}", f"{pick(81, 82, 83)}0000")
    body = f"{area}{day():%Y%m%d}{digits(3)}"
    return body + mod11_2(body)


def uscc():
    """GB 32100-2015, modulo 31 with weights 3^i."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = pick("91", "92", "93", "51", "52", "11", "12", "13") + f"{R.choice(PROVINCES)}{digits(4)}"
    body += digits(8) + R.choice(alphabet) if R.random() < 0.5 else "MA" + "".join(R.choice(alphabet) for _ in range(7))
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + alphabet[(31 - total % 31) % 31]


def luhn(body):
    total = sum(sum(divmod(int(c) * (2 - i % 2), 10)) for i, c in enumerate(reversed(body)))
    return str(-total % 10)


def card():
    prefix, length = pick(("6222", 19), ("6217", 19), ("6228", 19), ("6225", 16), ("6226", 16), ("6214", 16), ("4392", 16),
                          ("4514", 16), ("5187", 16), ("5268", 16), ("3568", 16), ("3714", 15), ("6011", 16), ("5309", 16),
                          ("6258", 16), ("6230", 19), ("6236", 19), ("6231", 18), ("6221", 17 if R.random() < .1 else 16))
    while True:
        body = prefix + digits(length - 5)
        number = body + luhn(body)
        if len(set(number)) > 3:
            return number


def hk_id():
    letters = pick("A", "B", "C", "D", "E", "G", "H", "K", "M", "P", "R", "V", "Y", "Z", "WX", "XA", "EC")
    number = digits(6)
    values = [36] * (2 - len(letters)) + [ord(c) - 55 for c in letters] + [int(c) for c in number]
    rest = -sum(v * w for v, w in zip(values, range(9, 1, -1))) % 11
    return letters + number, "A" if rest == 10 else str(rest)


def tw_id():
    order = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
    letter = R.choice(order)
    code = order.index(letter) + 10
    body = pick("1", "2", "8", "9") + digits(7)
    total = code // 10 + code % 10 * 9 + sum(int(c) * w for c, w in zip(body, range(8, 0, -1)))
    return letter + body + str(-total % 10)


def iban():
    country, bban = pick(("DE", digits(18)), ("GB", "NWBK" + digits(14)), ("FR", digits(23)), ("NL", "ABNA" + digits(10)),
                         ("CH", digits(17)), ("AT", digits(16)), ("ES", digits(20)), ("BE", digits(12)),
                         ("SA", digits(20)), ("PL", digits(24)), ("TR", digits(22)), ("IT", "X" + digits(22)))
    number = int("".join(str(int(c, 36)) for c in bban + country + "00"))
    return f"{country}{98 - number % 97:02}{bban}"


# Writings ------------------------------------------------------------------------------------------------------------

def fours(number, sign=" "):
    return sign.join(number[i:i + 4] for i in range(0, len(number), 4))


def wide(value):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)


def hidden(value):
    sign = pick("\u200b", "\u200c", "\u200d", "\ufeff", "\u2060", "\u00ad")
    at = sorted(R.sample(range(1, len(value)), 2))
    return value[:at[0]] + sign + value[at[0]:at[1]] + sign + value[at[1]:]


def cn_mobile():
    head = pick("130", "131", "132", "133", "134", "135", "136", "137", "138", "139", "145", "147", "149", "150", "151",
                "152", "153", "155", "156", "157", "158", "159", "165", "166", "167", "170", "171", "172", "173", "175",
                "176", "177", "178", "180", "181", "182", "183", "184", "185", "186", "187", "188", "189", "190", "191",
                "192", "193", "195", "196", "197", "198", "199")
    n = head + digits(8)
    a, b, c = n[:3], n[3:7], n[7:]
    return pick(n, n, n, n, f"+86{n}", f"+86 {n}", f"86{n}", f"0086{n}", f"+86-{n}", f"(+86){n}", f"（+86）{n}",
                f"{a} {b} {c}", f"{a}-{b}-{c}", f"+86 {a} {b} {c}", f"+86-{a}-{b}-{c}", f"86-{n}", f"0086-{n}", f"0086 {n}",
                f"{a}\u00a0{b}\u00a0{c}", f"{a}–{b}–{c}", f"{a}.{b}.{c}", wide(n), wide(f"+86{n}"), hidden(n), f"+86 {a}-{b}-{c}",
                wide(f"{a}-{b}-{c}"), f"(+86) {a} {b} {c}", f"{a}－{b}－{c}", f"{a}—{b}—{c}", f"{n[:3]} {n[3:]}",
                f"{n[:7]} {c}", f"{n[:4]} {n[4:7]} {n[7:]}", f"{a}　{b}　{c}")


AREAS = "010 021 022 023 024 025 027 028 029 0311 0351 0411 0451 0512 0531 0551 0571 0591 0731 0755 0757 0769 0791 0871 0898 0931 0991".split()


def cn_landline():
    area = R.choice(AREAS)
    n = digits(8, "2345678") if len(area) == 3 or R.random() < .7 else digits(7, "2345678")
    full = pick(f"{area}-{n}", f"{area}-{n}", f"（{area}）{n}", f"({area}){n}", f"({area}) {n}", f"{area} {n}" if len(n) == 8 else f"{area}-{n}",
                f"+86-{area[1:]}-{n}", f"{area}-{n}-{digits(3, '1')}", f"{area}-{n[:4]}-{n[4:]}" if len(n) == 8 else f"{area}-{n}",
                f"{area}-{n[:4]} {n[4:]}" if len(n) == 8 else f"{area}-{n}", wide(f"{area}-{n}"), f"+86 {area[1:]} {n}",
                f"0086-{area[1:]}-{n}", f"{area}—{n}", f"{area}－{n}")
    return pick(full, full, full, full, f"400-{digits(3)}-{digits(4)}", f"400{digits(7)}", f"800-{digits(3)}-{digits(4)}", f"400-{digits(4)}-{digits(3)}",
                f"{area}{n}")


def email():
    local = pick("zhangsan", "li.si", "wang_wu88", "service", "a1b2c3", "x-y", "zhao+tag", "13800138000", "zhang.wei", "hr", "QQ12345", "tom")
    domain = pick("qq.com", "163.com", "example.com", "mail.example.com.cn", "126.com", "gmail.com", "sina.cn", "pku.edu.cn", "foxmail.com", "example.org", "vip.163.com", "a-b.io")
    return pick(*[f"{local}@{domain}"] * 6, f"{local}(at){domain}", f"{local}[at]{domain}", f"{local}＠{domain}", f"{local}（at）{domain}", f"{local} (at) {domain}",
                f"{local} [at] {domain}", f"{local}【at】{domain}", f"{local.upper()}@{domain}")


def ipv4():
    first = pick(10, 172, 192, 203, 114, 223, 8, 59, 121, 39, 47)
    rest = ".".join(str(R.randrange(0, 256)) for _ in range(3))
    value = {172: f"172.{R.randrange(16, 32)}.{R.randrange(256)}.{R.randrange(1, 255)}", 192: f"192.168.{R.randrange(256)}.{R.randrange(1, 255)}",
             8: "8.8.8.8"}.get(first, f"{first}.{rest}")
    return value + pick("", "", "", "", f"/{R.randrange(8, 33)}")


def ipv6():
    group = lambda: f"{R.randrange(0x10, 0xffff):x}"
    full = ":".join(group() for _ in range(8))
    return pick(full, f"2001:db8::{group()}", f"fe80::{group()}:{group()}", f"2409:8a00:{group()}:{group()}::1", f"fe80::1%eth0", f"2001:db8:{group()}::/48",
                f"::ffff:192.168.{R.randrange(256)}.{R.randrange(256)}", full.upper(), f"240e:{group()}:{group()}::{group()}", "::1")


def mac():
    pairs = [f"{R.randrange(256):02x}" for _ in range(6)]
    pairs[0] = pick("00", "3c", "a4", "f0", "8e")
    return pick(":".join(pairs), "-".join(pairs), ":".join(pairs).upper(), "-".join(pairs).upper(), ".".join("".join(pairs[i:i + 2]) for i in (0, 2, 4)))


def plate():
    p = R.choice("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼")
    a = R.choice("ABCDEFGHJKLMNPQRSTUVWXYZ")
    free = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    return pick(p + a + digits(5), p + a + R.choice(free) + digits(4), p + a + digits(4) + R.choice(free), p + a + R.choice(free) * 2 + digits(3),
                p + a + digits(2) + R.choice(free) + digits(2), p + a + R.choice("DFABCEGHJK") + digits(5), p + a + digits(5) + R.choice("DFABCEGHJK"),
                p + a + digits(4) + "警", p + a + digits(4) + "学", p + a + digits(4) + "挂", "粤Z" + digits(4) + pick("港", "澳"), p + a + "·" + digits(5),
                p + a + " " + digits(5), p + a + "·" + R.choice("DF") + digits(5), p + a + digits(3) + R.choice(free) * 2, p + a + R.choice("DF") + R.choice(free) + digits(4))


def birth():
    d = day()
    return pick(f"{d.year}年{d.month}月{d.day}日", f"{d:%Y-%m-%d}", f"{d:%Y/%m/%d}", f"{d:%Y%m%d}", f"{d.year}.{d.month}.{d.day}", f"{d:%Y年%m月%d日}",
                f"{d.year}年{d.month}月", f"{d.year}/{d.month}/{d.day}")


def phone():
    return pick(f"+1 {digits(3, '2345678')}-555-{digits(4)}", f"+1-{digits(3, '2345678')}-555-{digits(4)}", f"+44 20 7946 {digits(4)}", f"+81-90-{digits(4)}-{digits(4)}",
                f"+852 {digits(4, '2569')} {digits(4)}", f"+886 9{digits(2)} {digits(3)} {digits(3)}", f"+65 {digits(4, '689')} {digits(4)}", f"+49 30 {digits(7)}",
                f"+33 1 {digits(2)} {digits(2)} {digits(2)} {digits(2)}", f"+853-{digits(4, '6')}-{digits(4)}", f"+82-10-{digits(4)}-{digits(4)}", f"+61 4{digits(2)} {digits(3)} {digits(3)}",
                f"({digits(3, '2345678')}) 555-{digits(4)}", f"+7 495 {digits(3)}-{digits(2)}-{digits(2)}", f"+1 ({digits(3, '2345678')}) 555-{digits(4)}", f"+852{digits(8, '569')}",
                f"0081-3-{digits(4)}-{digits(4)}", f"+44 (20) 7123 {digits(4)}", f"+91 {digits(10, '789')}", f"00852-{digits(8, '2569')}", f"00852{digits(8, '2569')}")


LETTERS = string.ascii_letters + D


def token(n, alphabet=LETTERS):
    value = "".join(R.choice(alphabet) for _ in range(n - 1))
    return value + R.choice(D)


def secret():
    return pick("AKIA" + token(16, string.ascii_uppercase + D), "ghp_" + token(36), "sk-" + token(48), "LTAI5t" + token(18), "AIza" + token(35), "glpat-" + token(20),
                "xoxb-" + digits(12) + "-" + digits(12) + "-" + token(24), "AKID" + token(32), "hf_" + token(34), "sk_live_" + token(24), "npm_" + token(36),
                "eyJhbGciOiJIUzI1NiJ9.eyJ" + token(30) + "." + token(43), "sk-proj-" + token(60), "github_pat_" + token(22) + "_" + token(59), "sk-ant-api03-" + token(80),
                "-----BEGIN RSA PRIVATE KEY-----\n" + token(64) + "\n" + token(40) + "==\n-----END RSA PRIVATE KEY-----",
                "-----BEGIN PRIVATE KEY-----\n" + token(64) + "\n-----END PRIVATE KEY-----", "-----BEGIN OPENSSH PRIVATE KEY-----\n" + token(64) + "\n-----END OPENSSH PRIVATE KEY-----")


def password():
    return pick("Abc@2023!", "P@ssw0rd123", "xiaoming1988", "Qwer!234", "hunter2000", "Zx9#kLm2", "admin888", "Tr0ub4dor&3".replace("&", "_"), "abc12345", "1qaz2wsx", "mysql_Root1")


NAME = ["王小明", "李静", "欧阳修远", "张三", "陈某某", "刘洋"]

# Frames: `{}` is the value. Labelled frames name the kind; bare ones do not.

OPEN = ["", "", "", "您好，", "附件中", "（", "一、", "原告张某，", "联系我：", "【", "“", "- ", "1. ", "\n", "　　"]
CLOSE = ["", "", "。", "，谢谢", "；", "、其他", "）", "\n第二行", "】", "”", " ", "，请核对。", "。此致", "|", ",", "。\n", "（本人）", "\t完"]
JOIN = ["：", ":", "是", "为", "", " ", "： ", "　", "＝", "：\n", "【", "（", "号：", "号码：", "号码为", " - "]


def label(words):
    word = R.choice(words)
    join = R.choice(JOIN)
    if word.endswith(("号", "号码")) and join.startswith("号"):
        join = "："
    if join == "" and word[-1].isascii():
        join = ":"
    return word + join


def labelled(words, value):
    style = R.randrange(12)
    if style == 0:
        return f"| {R.choice(words)} | ", value, " |"
    if style == 1:
        return f"\"{R.choice(words)}\": \"", value, "\","
    if style == 2:
        return f"{R.choice(NAME)}的{R.choice(words)}是", value, R.choice(CLOSE)
    if style == 3:
        return f"{R.choice(NAME)}，{label(words)}", value, "，现住某地。"
    if style == 4:
        return f"{R.choice(OPEN)}请填写{R.choice(words)}（如", value, "）"
    return R.choice(OPEN) + label(words), value, R.choice(CLOSE)


MOBILE = ["手机", "电话", "手机号", "联系电话", "联系方式", "手机号码", "移动电话", "Tel", "tel", "mobile", "Phone", "致电", "聯絡電話", "短信", "拨打", "本人手机", "热线"]
LANDLINE = ["电话", "固定电话", "座机", "办公电话", "传真", "联系电话", "Tel", "客服热线", "Fax", "热线", "单位电话", "咨询电话"]
ID = ["身份证", "身份证号", "公民身份号码", "身份证号码", "证件号", "居民身份证", "身份證", "ID card", "证件号码"]
CARD = ["银行卡", "卡号", "银行卡号", "信用卡号", "账号", "收款账号", "储蓄卡", "工资卡号", "card number", "开户行账号", "尾号所属卡号", "打款到"]
USCC = ["统一社会信用代码", "信用代码", "纳税人识别号", "税号", "社会信用代码", "统一代码"]
PASSPORT = ["护照", "护照号", "护照号码", "普通护照", "passport no", "Passport", "護照號碼", "因私护照号"]
PLATE = ["车牌", "车牌号", "号牌", "驾驶", "车辆", "悬挂", "车号", "牌照", "车牌号码"]
HK = ["香港身份证", "香港居民身份证", "HKID", "香港身份證號碼", "香港永久性居民身份证", "香港身份证号"]
TW = ["台湾身份证", "身分證", "身分證字號", "台湾居民身份证", "統一證號", "居留證"]
PERMIT = ["港澳通行证", "回乡证", "往来港澳通行证", "港澳居民来往内地通行证", "往来台湾通行证"]
TAI = ["台胞证", "台胞证号", "台湾居民来往大陆通行证", "臺胞證"]
WECHAT = ["微信号", "微信", "WeChat", "weixin", "VX", "vx", "加微信", "薇信", "微信ID"]
QQ = ["QQ", "QQ号", "qq", "QQ号码", "扣扣", "加QQ", "企鹅号", "客服QQ"]
BIRTH = ["出生日期", "生日", "出生年月", "出生于", "生于", "DOB", "date of birth", "出生"]
MAIL = ["邮箱", "电子邮箱", "E-mail", "email", "邮件", "邮箱地址", "电邮", "请发送至", "抄送", "投稿"]
IP = ["IP", "服务器", "IP地址", "登录IP", "来源地址", "主机", "内网地址", "访问", "server", "host"]
MACS = ["MAC", "物理地址", "网卡", "MAC地址", "设备"]
BANK = ["账号", "IBAN", "收款账户", "国际账号", "account"]
SSN = ["SSN", "社会安全号", "social security number", "美国社安号", "Social Security"]
US = ["美国护照", "US passport", "U.S. passport number", "American passport", "passport"]
PHONE = ["电话", "手机", "phone", "Tel", "香港电话", "联系电话", "call", "whatsapp", "海外电话"]
SECRET = ["密钥", "token", "key", "AccessKey", "凭证内容", "配置", "API Key", "环境变量", "secret"]
OLD = ["身份证号", "身份证", "一代身份证", "原身份证号码", "公民身份号码"]
PR = ["永久居留证", "外国人永久居留身份证", "永居证号", "五星卡", "外国人永居证"]


def travel():
    return pick("C" + digits(8), "C" + R.choice("ABCDEFGH") + digits(7), "H" + digits(8), "M" + digits(8), "H" + digits(10), "M" + digits(10), "W" + digits(8))


def cn_passport():
    return pick("E" + digits(8), "E" + R.choice("ABCDEFGHJK") + digits(7), "G" + digits(8), "D" + digits(8), "S" + digits(8), "P" + digits(8), "SE" + digits(7), "DE" + digits(7), "PE" + digits(7), "K" + digits(8))


def foreign():
    if R.random() < .5:
        body = "9" + f"{R.choice(PROVINCES)}" + pick("840", "392", "410", "826", "276", "643") + f"{day():%Y%m%d}" + digits(3)
        return body + mod11_2(body)
    return pick("USA", "JPN", "KOR", "GBR", "DEU", "FRA", "CAN") + f"{R.choice(PROVINCES)}" + digits(2) + f"{day(1940, 1999):%y%m%d}" + digits(2)


def old_id():
    return f"{R.choice(PROVINCES)}{digits(4)}{day(1935, 1999):%y%m%d}{digits(3)}"


def hk_writing():
    body, check = hk_id()
    return pick(f"{body}({check})", f"{body}({check})", f"{body}（{check}）", f"{body}({check})", f"{body}{check}")


def qq():
    return digits(R.randrange(5, 12), "123456789")


def wechat():
    return pick("zhang_san88", "wxid_" + token(14, string.ascii_lowercase + D), "li-si1990", "Abc123456", "xiaoming_2020", "w" + digits(7), "hello_world", "Tom2018", "fengye-99")


def ssn():
    while True:
        a = R.randrange(1, 899)
        if a != 666:
            break
    n = f"{a:03}", f"{R.randrange(1, 99):02}", f"{R.randrange(1, 9999):04}"
    return pick("-".join(n), "-".join(n), " ".join(n), "".join(n))


def us_passport():
    return pick(digits(9, "3456"), R.choice("ABCX") + digits(8))


def id_writing():
    n = cn_id()
    return pick(n, n, n, n, n, n.lower(), f"{n[:6]} {n[6:14]} {n[14:]}", wide(n), hidden(n), f"{n[:6]}-{n[6:14]}-{n[14:]}")


def card_writing():
    n = card()
    return pick(n, n, fours(n), fours(n, "-"), wide(n), hidden(n), fours(n, "\u00a0"), fours(n, "　"))


def iban_writing():
    n = iban()
    return pick(n, fours(n))


# kind, labels, maker, also without a label
KINDS = [
    ("cn_mobile", MOBILE, cn_mobile, True), ("cn_mobile", MOBILE, cn_mobile, True), ("cn_landline", LANDLINE, cn_landline, False), ("cn_id", ID, id_writing, True), ("cn_id", OLD, old_id, False),
    ("foreign_permit", PR, foreign, True), ("cn_uscc", USCC, uscc, True), ("bank_card", CARD, card_writing, True), ("cn_passport", PASSPORT, cn_passport, False), ("cn_plate", PLATE, plate, True),
    ("hk_id", HK, hk_writing, False), ("tw_id", TW, tw_id, True), ("travel_permit", PERMIT, travel, False), ("travel_permit", TAI, lambda: digits(8), False), ("wechat", WECHAT, wechat, False),
    ("qq", QQ, qq, False), ("date_of_birth", BIRTH, birth, False), ("email", MAIL, email, True), ("ipv4", IP, ipv4, True), ("ipv6", IP, ipv6, True), ("mac", MACS, mac, True), ("iban", BANK, iban_writing, True),
    ("us_ssn", SSN, ssn, False), ("us_passport", US, us_passport, False), ("phone", PHONE, phone, True), ("secret", SECRET, secret, True), ("secret", None, password, False),
]

BARE = ["{}", "见{}", "王五{}", "{}，王五", "（{}）", "张三 {} 北京", "其{}已核实", "与{}一致", "“{}”", "名单：张三，{}；李四", "{}\n", "客户资料 {}", "他说{}。", "\t{}\t", "见下：\n{}\n以上",
        "<td>{}</td>", "**{}**", "[{}]", "{}；", "收到{}。", "先生{}", "包括{}等"]

ASSIGN = ["password={}", "密码：{}，请勿外传", "密码是{}。", "passwd: {}", "pwd = \"{}\"", "登录密码：{}", "\"password\": \"{}\",", "口令：{}；", "DB_PASSWORD={}\n", "初始密码为{}，", "export SECRET_KEY='{}'",
          "api_key: '{}'", "密码:{}", "用户名admin，密码{}。", "--password={} --host=db", "secret=\"{}\""]


def positive():
    kind, words, maker, bare = R.choice(KINDS)
    value = maker()
    if words is None:
        before, after = R.choice(ASSIGN).split("{}")
    elif kind == "date_of_birth" and R.random() < .3:
        before, after = pick("被告人李某，男，|出生，汉族", "张某，|生，住某市", "（|出生）", "女，|出生于某县", "李某（男，|生，汉族）").split("|")
    elif bare and R.random() < .4:
        before, after = R.choice(BARE).split("{}")
    else:
        before, value, after = labelled(words, value)
    return before, kind, value, after


# Numbers that are nobody's -------------------------------------------------------------------------------------------

def luhn_number(n, first="123456789"):
    body = digits(n - 1, first)
    return body + luhn(body)


def any_mobile():
    return pick("13", "15", "18", "17", "19") + digits(9)


def isbn13():
    body = "9787" + digits(8)
    return body + str(-sum(int(c) * (1 + 2 * (i % 2)) for i, c in enumerate(body)) % 10)


def hexes(n):
    return "".join(R.choice("0123456789abcdef") for _ in range(n))


NEGATIVES = [
    lambda: f"（{R.randrange(2012, 2025)}）{pick('京', '沪', '粤', '苏', '浙')}{digits(4, '01')}{pick('民初', '刑终', '行初', '执', '民再')}{R.randrange(1, 99999)}号",
    lambda: f"({R.randrange(2012, 2025)}){pick('京', '沪', '粤', '苏')}{digits(2)}{pick('民终', '刑初')}{R.randrange(1, 9999)}号判决",
    lambda: f"第{pick('一百二十条', '128条', '三十五条')}第{R.randrange(1, 9)}款", lambda: f"订单号{luhn_number(16, '46')}", lambda: f"订单编号：{any_mobile()}", lambda: f"订单号：{card()}已发货",
    lambda: f"快递单号：{digits(pick(12, 13, 14, 15), '1234567')}", lambda: f"运单号SF{digits(13)}", lambda: f"流水号{luhn_number(19, '12346')}", lambda: f"交易流水：{digits(18)}", lambda: f"金额{any_mobile()}元",
    lambda: f"共计{any_mobile()}元整", lambda: f"人民币{digits(7, '123')}.{digits(2)}元", lambda: f"营收{digits(11, '1')}元", lambda: f"ISBN {isbn13()}", lambda: f"ISBN 978-7-{digits(4)}-{digits(4)}-{digits(1)}",
    lambda: f"DOI: 10.{digits(4, '1')}/s{digits(5)}-020-{digits(4)}-2", lambda: f"doi:10.1000/{digits(11, '1')}", lambda: f"{hexes(8)}-{hexes(4)}-4{hexes(3)}-a{hexes(3)}-{hexes(12)}",
    lambda: f"时间戳{R.randrange(1500000000, 1800000000)}", lambda: f"timestamp: {R.randrange(1500000000000, 1800000000000)}", lambda: f"{R.randrange(1999, 2025)}-0{digits(1, '123456789')}-1{digits(1)} 12:{digits(2, '012345')}:{digits(2, '012345')}",
    lambda: f"版本{R.randrange(1, 20)}.{R.randrange(20)}.{R.randrange(20)}.{R.randrange(300)}", lambda: f"v{R.randrange(1, 20)}.{R.randrange(20)}.{R.randrange(20)}.{R.randrange(99)}发布", lambda: f"升级到 {R.randrange(100, 130)}.0.{digits(4, '1')}.{digits(2, '1')} 版",
    lambda: "10.0.19041.1234", lambda: f"第{R.randrange(1, 9)}.{R.randrange(1, 9)}.{R.randrange(1, 9)}.{R.randrange(1, 9)}节", lambda: pick("Q235B", "06Cr19Ni10", "C8H10N4O2", "CH3COOH", "45#钢", "Ti-6Al-4V", "7075-T6", "H2SO4", "GCr15"),
    lambda: f"CAS号{digits(4, '1')}-{digits(2)}-{digits(1)}", lambda: f"序列号{token(12, string.ascii_uppercase + D)}", lambda: f"SN:{token(10, string.ascii_uppercase + D)}", lambda: f"合同编号：HT{digits(8, '2')}-{digits(3)}", lambda: f"编号{cn_id()[:17]}",
    lambda: f"GB/T {digits(5, '1')}-{R.randrange(1990, 2024)}", lambda: f"国药准字H{digits(8, '2')}", lambda: f"京ICP备{digits(8, '1')}号-{digits(1)}", lambda: f"京公网安备11010802{digits(6)}号", lambda: f"粤B2-{digits(8, '2')}",
    lambda: f"坐标116.{digits(6)},39.{digits(6)}", lambda: f"阅读量{any_mobile()}次", lambda: f"比分3:2，用时12:34:56", lambda: f"https://example.com/p/{any_mobile()}.html", lambda: f"图片IMG_{digits(8, '2')}_{digits(6)}.jpg",
    lambda: f"发布日期：{day(1990, 2020):%Y-%m-%d}", lambda: f"成立于{day(1990, 2020).year}年5月1日", lambda: f"自{day(1990, 2020).year}年10月1日起施行", lambda: f"commit {hexes(40)}", lambda: f"md5: {hexes(32)}", lambda: f"邮编{digits(6, '1')}",
    lambda: f"拨打{pick('110', '12345', '12306', '95588', '10086', '12348')}", lambda: f"股票代码{pick('600519', '000001', '300750')}.{pick('SH', 'SZ')}", lambda: f"沪A股上涨{digits(2, '1')}%", lambda: f"面积{digits(5, '1')}平方米", lambda: f"{digits(3, '1')}-{digits(3, '2')}页",
    lambda: f"身份证号{bad_id()}（无效）", lambda: f"卡号{bad_card()}校验失败", lambda: f"信用代码{bad_uscc()}有误", lambda: f"商品条码69{digits(11)}", lambda: f"型号E{digits(8)}", lambda: f"产品编号C{digits(8)}", lambda: f"设备号H{digits(8)}",
    lambda: f"圆周率3.14159265358979323846", lambda: f"IMEI {luhn_number(15, '8')}", lambda: f"std::vector<int> a; a::b::c", lambda: f"微信支付订单号 42000{digits(10)}", lambda: f"QQ音乐播放{digits(8, '1')}次", lambda: f"图号{digits(5)}-{digits(4)}-{digits(2)}",
    lambda: f"@张三 你好", lambda: f"icon@2x.png", lambda: f"git@github.com:a/b.git", lambda: f"批号{digits(8, '2')}", lambda: f"有效期至{R.randrange(2024, 2035)}-0{digits(1, '123456789')}-15", lambda: f"批准文号：国食健字G{digits(8, '2')}", lambda: f"专利号ZL{digits(12, '2')}.{digits(1)}",
    lambda: f"0.{any_mobile()}", lambda: f"{any_mobile()}{digits(4)}", lambda: f"A{any_mobile()}B", lambda: f"端口8080:80", lambda: f"std=c++17 -O2", lambda: "password = getpass()", lambda: "密码：请输入密码", lambda: "请设置token: string", lambda: "密码错误，请重试",
    lambda: f"（{R.randrange(1990, 2020)}）最高法民申{digits(4, '1')}号", lambda: f"车次G{digits(4, '1')}", lambda: f"航班CA{digits(4, '1')}", lambda: f"座位12排{digits(2, '1')}号", lambda: f"人口{any_mobile()}人", lambda: f"1990-2000年", lambda: f"MAC地址格式为xx:xx:xx:xx:xx:xx",
    lambda: f"文号：京发〔{R.randrange(1990, 2020)}〕{digits(2, '1')}号", lambda: f"增值税发票号码{digits(8)}", lambda: f"发票代码{digits(12, '0')}", lambda: f"案号：{digits(11, '1')}", lambda: f"任务编号：{any_mobile()}", lambda: f"房产证号{digits(10, '1')}", lambda: f"电表号{digits(12, '0')}",
]


def bad_id():
    n = cn_id()
    return n[:17] + R.choice([c for c in "0123456789" if c != n[17]])


def bad_card():
    n = card()
    return n[:-1] + R.choice([c for c in D if c != n[-1]])


def bad_uscc():
    n = uscc()
    return n[:17] + R.choice([c for c in "0123456789ABCDEFGH" if c != n[17]])


# Names and addresses, for `pii_cases.py COUNT SEED people` ------------------------------------------------------------

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾魏薛潘杜戴夏钟汪田任姜范石姚谭"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛超秀霞平刚桂英华建国文玉兰志红海燕波云鹏宇轩浩博晨思雨佳欣怡梓涵子豪明亮春梅冬雪峰龙飞翔凯"


def person():
    name = R.choice(SURNAMES) + "".join(R.sample(GIVEN, pick(1, 2, 2)))
    return pick(name, name, name, name, R.choice(SURNAMES) + "某某", R.choice(SURNAMES) + "某", "欧阳" + R.choice(GIVEN))


PLACES = ["北京市海淀区|中关村大街", "上海市浦东新区|张江路", "广东省深圳市南山区|科技园南路", "浙江省杭州市西湖区|文三路", "江苏省南京市鼓楼区|中山北路", "四川省成都市武侯区|人民南路",
          "湖北省武汉市江汉区|解放大道", "陕西省西安市雁塔区|小寨东路", "河南省郑州市金水区|花园路", "山东省青岛市市南区|香港中路", "重庆市渝中区|民族路", "天津市和平区|南京路",
          "广西壮族自治区南宁市青秀区|民族大道", "福建省厦门市思明区|湖滨南路", "辽宁省大连市中山区|人民路", "云南省昆明市五华区|东风西路", "湖南省长沙市岳麓区|麓山南路", "河北省保定市清苑区魏村镇|东王力村"]


def address():
    place, road = R.choice(PLACES).split("|")
    n = lambda top: str(R.randrange(1, top))
    return place + road + n(900) + "号" + pick("", "", f"院{n(20)}号楼{n(6)}单元{n(30)}0{n(9)}室", f"{n(30)}栋{n(20)}0{n(5)}室", f"{n(9)}幢{n(4)}单元{n(900)}室", f"{R.choice('ABCD')}座{n(30)}层", f"{n(40)}楼")


PEOPLE = [("被告人", "辩称"), ("原告", "诉称其"), ("上诉人", "不服一审判决"), ("法定代表人：", "，经理"), ("委托代理人", "，律师"), ("联系人：", "，电话"), ("被害人", "的亲属"), ("请与", "先生联系"), ("感谢", "女士的帮助"),
          ("审判长", "\n"), ("书记员　", "\n"), ("姓名：", "；性别"), ("患者", "，男，45岁"), ("申请执行人", "与"), ("收件人：", "\n"), ("我叫", "，今年"), ("证人", "证实"), ("", "律师认为")]
HOMES = [("住", "，汉族"), ("住址：", "。"), ("现住", "。"), ("地址：", "\n"), ("家住", "，"), ("户籍所在地", "。"), ("公司位于", "，"), ("寄到", "，收件人"), ("", "")]
NOBODY = ["被告人应当出庭。", "原告向人民法院提出申请。", "申请人的义务如下。", "当事人有权申请回避。", "委托人和受托人", "北京市海淀区人民法院", "上海市第一中级人民法院", "浙江省杭州市西湖区", "负责人应当签字。", "法定代表人变更的", "被告公司辩称",
          "证人出庭作证的", "联系人及联系方式", "经理签字", "广东省人民政府令第12号", "投保人、被保险人或者受益人", "住所地人民法院管辖", "被上诉人应在收到之日起十五日内", "代理人的权限", "原告方认为"]


def people():
    if R.random() < .3:
        return {"text": R.choice(NOBODY), "spans": []}
    kind, maker, frames = pick(("person", person, PEOPLE), ("address", address, HOMES))
    before, after = R.choice(frames)
    value = maker()
    return {"text": before + value + after, "spans": [[kind, len(before), len(before) + len(value)]]}


def case():
    text, spans = "", []
    for _ in range(pick(1, 1, 1, 1, 2, 3)):
        if text:
            text += pick("。", "\n", "；", "。\n")
        if R.random() < .25:
            text += R.choice(NEGATIVES)()
            continue
        before, kind, value, after = positive()
        text += before
        spans.append([kind, len(text), len(text) + len(value)])
        text += value + after
    return {"text": text, "spans": spans}


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    R.seed(seed)
    for _ in range(count):
        print(json.dumps(people() if sys.argv[3:] else case(), ensure_ascii=False))


main()
