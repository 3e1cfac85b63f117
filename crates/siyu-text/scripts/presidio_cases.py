"""Turns sentences that Presidio's data generator made into cases for the example `pii_accuracy`.

    python3 crates/siyu-text/scripts/presidio_cases.py generated.json > cases.jsonl
    python3 crates/siyu-text/scripts/presidio_cases.py generated.json --wrap > wrapped.jsonl

`generated.json` is a list as presidio-evaluator writes it: `full_text`, and `spans` with `entity_type`,
`start_position` and `end_position` in characters. Kinds that have no counterpart here are left out. With `--wrap` each
value stands among Chinese instead: `卡号4012888888881881，`.
"""

import json
import sys

KINDS = {
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "bank_card",
    "US_SSN": "us_ssn",
    "IP_ADDRESS": "ipv4",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
}
LABELS = {"phone": "电话", "bank_card": "卡号", "us_ssn": "社会安全号码", "ipv4": "地址", "email": "邮箱", "iban": "账号"}


def spans(case):
    for span in sorted(case["spans"], key=lambda span: span["start_position"]):
        kind = KINDS.get(span["entity_type"])
        if kind == "ipv4" and ":" in span["entity_value"]:
            kind = "ipv6"
        if kind:
            yield kind, span["start_position"], span["end_position"]


for case in json.load(open(sys.argv[1])):
    text = case["full_text"]
    if "--wrap" not in sys.argv[2:]:
        print(json.dumps({"text": text, "spans": list(spans(case))}, ensure_ascii=False))
        continue
    for kind, start, end in spans(case):
        before = "客户的" + LABELS.get(kind, LABELS["ipv4"])
        wrapped = f"{before}{text[start:end]}，请核对。"
        print(json.dumps({"text": wrapped, "spans": [[kind, len(before), len(before) + end - start]]}, ensure_ascii=False))
