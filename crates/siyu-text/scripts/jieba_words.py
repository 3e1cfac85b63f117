"""Writes the words and keywords that Python jieba finds, one JSON object a line: the reference for siyu_text::segment.

    pip install jieba==0.42.1
    python crates/siyu-text/scripts/jieba_words.py FILE.jsonl [LINES] > words.jsonl

Takes the lines of the `text` field of each row. With `--fixture` instead of a file it writes the cases of the tests:
`crates/siyu-text/tests/fixtures/jieba_words.jsonl`.
"""

import json
import sys
import jieba
from jieba import analyse

CASES = [
    "我来到北京清华大学",
    "他来到了网易杭研大厦",
    "小明硕士毕业于中国科学院计算所，后在日本京都大学深造",
    "乒乓球拍卖完了",
    "第一条\u3000为了保护民事主体的合法权益，调整民事关系，维护社会和经济秩序，制定本法。",
    "当事人应当自收到判决书之日起15日内，向××市中级人民法院提起上诉。\r\n\r\n审判长 张三丰",
    "利率为4.35%，合同金额1,234.56元；编号：AB-12_c.9+1#2&3，邮箱a.b@c.com。",
    "C++和c#是什么关系？11+122=133，是吗？PI=3.14159",
    "犇骉靐麤㐀龥𠮷鿖鿕 ⺀々〇",
    "工信处女干事每月经过下属科室都要亲口交代24口交换机等技术性器件的安装工作",
    "\u00a0\u2003x\u200b\u001cy\r\r\n\n z\ufeff",
    "甴曱嘅喺佢哋嚟咗噉样呢啲嘢唔该晒",
    "the The quick brown fox 3.5.7% 100%% ...--__ 9.",
    "约翰·史密斯先生与欧阳修、司马光共同签署了《苏州市房屋租赁合同》。",
]

jieba.setLogLevel(60)
if sys.argv[1] == "--fixture":
    lines = CASES
else:
    rows = (json.loads(line)["text"] or "" for line in open(sys.argv[1]))
    lines = (line for text in rows for line in text.split("\n"))
most = int(sys.argv[2]) if len(sys.argv) > 2 else None
for number, line in enumerate(lines):
    if number == most:
        break
    case = {"text": line, "hmm": jieba.lcut(line), "plain": jieba.lcut(line, HMM=False)}
    case["keywords"] = analyse.extract_tags(line, topK=5)
    print(json.dumps(case, ensure_ascii=False))
