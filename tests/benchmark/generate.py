"""Writes HTML pages that wrap statutes as JSONL, row by row, so that any size fits in memory.

Every page is different: articles are taken from a statute in a seeded order and a case number is added, so that exact
deduplication keeps all but the copies planted on purpose (1 page in 50). Personal data is synthetic.
"""

import argparse
import html
import itertools
import json
import random
import sys

PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>{title} - 法规数据库</title>
<link rel="stylesheet" href="/static/site.css">
<style>body{{font:16px/1.8 sans-serif;margin:0}}.nav li{{float:left;padding:0 1em}}.foot{{color:#888}}</style>
<script>window.page={{id:{number},type:"law"}};(function(){{var s=document.createElement("script");s.async=true;
s.src="/static/count.js?v=20240301";document.head.appendChild(s)}})();</script></head>
<body class="page law">
<!-- header begin -->
<div class="nav"><ul><li><a href="/">首页</a></li><li><a href="/laws/">法律法规</a></li><li><a href="/cases/">案例</a></li>\
<li><a href="/about/">关于我们</a></li></ul></div>
<div id="content"><h1>{title}</h1>
<p class="meta">编号：{case}&nbsp;&nbsp;来源：<em>示例律所</em>&nbsp;整理人电话：{mobile}，邮箱{email}</p>
{body}
<table class="info"><tr><th>当事人证件</th><td>{identity}</td></tr><tr><th>登记时间</th><td>{date}</td></tr></table>
</div>
<div class="foot">Copyright &copy; 2024 示例律所 &amp; 合作伙伴 <a href="mailto:{email}">联系我们</a></div>
<script>document.getElementById("content").setAttribute("data-ready","1");</script>
</body></html>
"""


def statutes(path):
    """The texts of a JSONL file; the field is `text` or `content`."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            text = row.get("text") or row.get("content") if isinstance(row, dict) else None
            if text and len(text) > 200:
                yield text


def resident_id(chance):
    body = f"110101{chance.randint(1901, 1910)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}{chance.randint(1, 999):03}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights)) % 11]


def block(line):
    """One Markdown line as HTML."""
    level = len(line) - len(line.lstrip("#"))
    text = html.escape(line.lstrip("# "), quote=False)
    if level:
        return f"<h{level}>{text}</h{level}>"
    head, space, rest = text.partition(" ")
    return f"<p><b>{head}</b>&nbsp;{rest}</p>" if space and head.startswith("第") else f"<p>{text}</p>"


def page(number, text, round_, chance):
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("<!--")]
    title = html.escape(lines[0].lstrip("# "))
    body = lines[1:]
    if round_:
        chance.shuffle(body)
    return PAGE.format(
        title=title, number=number, case=f"（2024）示{round_:04}民初{number}号", date=f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}",
        mobile=f"138{chance.randint(0, 99999999):08}", email=f"lawyer{chance.randint(0, 99999)}@example.com",
        identity=resident_id(chance), body="\n".join(map(block, body)),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output")
    parser.add_argument("--size-mb", type=float, default=100, help="megabytes (10^6 bytes) of JSONL to write")
    parser.add_argument("--source", default="sample-data/laws/laws.jsonl", help="JSONL of statutes")
    parser.add_argument("--seed", type=int, default=20260101)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    texts = list(statutes(arguments.source))
    if not texts:
        sys.exit(f"no statutes in {arguments.source}")
    written = number = 0
    last = None
    with open(arguments.output, "w", encoding="utf-8", newline="\n") as output:
        for round_ in itertools.count():
            for text in texts:
                copied = last is not None and number % 50 == 49
                content = last if copied else page(number, text, round_, chance)
                line = json.dumps({"id": f"page-{number:08}", "text": content}, ensure_ascii=False) + "\n"
                output.write(line)
                written += len(line.encode("utf-8"))
                number += 1
                last = content
                if written >= arguments.size_mb * 1e6:
                    print(f"{number} pages, {written / 1e6:.1f} MB")
                    return


if __name__ == "__main__":
    main()
