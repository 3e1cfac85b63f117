"""Makes the synthetic part of the sample data, byte for byte the same each time: python3 sample-data/make.py"""
import gzip, io, json, pathlib, random

HERE = pathlib.Path(__file__).parent
chance = random.Random(20261124)


def mobile():
    return "1" + chance.choice("3589") + "".join(chance.choice("0123456789") for _ in range(9))


def identity():
    body = "110105" + f"{chance.randint(1950, 2004)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}{chance.randint(1, 999):03}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights)) % 11]


planted = []


def plant(kind, value, file):
    planted.append({"kind": kind, "value": value, "file": file})
    return value


def memo(number):
    name = f"memos/memo-{number:02}.html"
    phone, card = plant("cn_mobile", mobile(), name), plant("cn_id", identity(), name)
    mail = plant("email", f"client{number}@example.com", name)
    matter = chance.choice(["房屋租赁合同", "股权转让", "劳动争议", "买卖合同", "建设工程施工合同"])
    html = f"""<!DOCTYPE html><html><head><meta charset="{'gb2312' if number == 3 else 'utf-8'}"><title>备忘录 {number}</title>
<style>p {{ margin: 0 }}</style><script>var tracker = "{number}";</script></head><body><nav><a href="/">首页</a></nav>
<h1>关于{matter}的法律备忘录（第{number}号）</h1><p>委托人就{matter}一事咨询本所，联系电话{phone}，身份证号{card}，邮箱{mail}。</p>
<table><tr><th>事项</th><th>金额</th></tr><tr><td>标的额</td><td>{chance.randint(10, 900)},000&nbsp;元</td></tr></table>
<p>经审查，双方于{chance.randint(2015, 2024)}年{chance.randint(1, 12)}月签订的合同合法有效&mdash;&mdash;违约方应当承担继续履行、采取补救措施或者赔偿损失等违约责任。</p>
<p>建议：一、保全证据；二、在第{chance.randint(5, 60)}日内发出催告函；三、如协商不成，向有管辖权的人民法院起诉。</p></body></html>
"""
    (HERE / name).write_bytes(html.encode("gb18030" if number == 3 else "utf-8"))


# Questions that differ in their words: twelve matters, each with the office for it, by five ways to ask with their answers.
MATTERS = {
    "房东不退押金": "住房和城乡建设主管部门", "公司拖欠工资": "劳动保障监察机构", "邻居漏水不赔": "物业管理主管部门", "网购商品有假": "市场监督管理部门",
    "借款到期不还": "人民调解委员会", "装修逾期不交": "消费者协会", "车位被人占用": "物业服务企业", "快递丢失不赔": "邮政管理部门",
    "健身房关门跑路": "体育行政部门", "物业乱收费用": "价格主管部门", "培训退费被拒": "教育行政部门", "宠物咬伤他人": "公安机关",
}
WAYS = {
    "怎么办": "{0}的，当事人可以先与对方协商；协商不成的，可以向{1}反映，也可以依法向人民法院起诉。",
    "可以起诉吗": "可以。{0}的，当事人可以向有管辖权的人民法院起诉，请求对方承担民事责任。",
    "要准备什么证据": "{0}的，当事人应当准备合同、付款凭证、往来信息等证据，并保存原件。",
    "应当找哪个部门": "{0}的，当事人可以向{1}反映；对处理结果不服的，可以依法向人民法院起诉。",
    "多久能解决": "{0}的，{1}应当自受理之日起六十日内处理完毕；情况复杂的，可以延长三十日。",
}


def questions():
    rows = ["department,title,ask,answer"]
    for number in range(60):
        phone = plant("cn_mobile", mobile(), "questions.csv")
        (matter, office), (way, answer) = list(MATTERS.items())[number // 5], list(WAYS.items())[number % 5]
        rows.append(f'民事,{matter}{number},"{matter}，{way}？\n我的电话是{phone}","{answer.format(matter, office)}"')
    rows.insert(20, "民事,缺少单元格")
    (HERE / "questions.csv").write_bytes(("\r\n".join(rows) + "\r\n").encode("gb18030"))


def notes():
    for number, encoding in enumerate(["utf-8", "utf-16", "gb18030"]):
        name = f"notes/note-{number}.txt"
        plate = plant("cn_mobile", mobile(), name)
        (HERE / name).write_bytes(f"会议纪要第{number}号：请拨打{plate}确认开庭时间。参会人员应当提前准备证据材料，并在庭前向合议庭提交书面意见。\n".encode(encoding))


def broken():
    good = {"id": "case-1", "text": "本院认为，原告与被告之间的借款合同关系合法有效，被告应当按照约定返还借款。联系电话" + plant("cn_mobile", mobile(), "cases.jsonl.gz")}
    lines = [json.dumps(good, ensure_ascii=False), json.dumps({**good, "id": "case-2"}, ensure_ascii=False)]
    lines += ['{"id": "case-3", "text": "断', '{"id": "case-4"}', "[1, 2]"]
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as out:
        out.write(("\n".join(lines) + "\n").encode())
    (HERE / "cases.jsonl.gz").write_bytes(buffer.getvalue())


for number in range(1, 13):
    memo(number)
questions()
notes()
broken()
triples = [{"instruction": "解释该条款", "input": f"第{number}条　违约金", "output": f"违约金是当事人约定的、一方违约时应当支付的款项，第{number}条确定其数额。"} for number in range(40)]
(HERE / "instructions.json").write_text(json.dumps(triples, ensure_ascii=False, indent=1), encoding="utf-8")
(HERE / "planted.json").write_text(json.dumps(planted, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
