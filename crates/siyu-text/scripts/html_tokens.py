"""Writes tests/fixtures/html_tokens.json: inputs of our own and the characters html5lib finds in them.

Run with the Python package html5lib 1.1: python3 scripts/html_tokens.py > tests/fixtures/html_tokens.json
"""

import json
import sys

from html5lib._tokenizer import HTMLTokenizer
from html5lib.constants import tokenTypes

DATA = [
    "a < b && c > d", "3<5 and 6>4", "1 <2> 3", "<p>甲<b>乙</b>丙", "a<br/>b<hr>c", "<p title='x > y'>a</p>",
    "<p title=\"x</p>\">a", "<p a = b c='d' / e>x", "<p a=b/>x", "<p =a=b>x", "<p 'a'\"b>x", "<P CLASS=x>y</P >z",
    "</p>a</>b</ x>c", "a<!-- b -->c", "a<!-->b", "a<!--->b", "a<!-- b --!>c", "a<!-- -- > -->b", "a<!--b", "a<!b>c",
    "a<?php echo 1 ?>b", "<?xml version='1.0'?>a", "a<![CDATA[b]]>c", "<!DOCTYPE html>a", "<!doctype html SYSTEM \"x>y\">a",
    "&lt;b&gt; &amp;amp; &amp;lt;", "&#20013;&#x6587;&#X4e2d", "&#65;&#65 &#x41", "&#0;&#x110000;&#xD800;&#99999999999;",
    "&#128;&#x80;&#150;&#x9f;&#x81;&#141;", "&copy &copyx &copy; &COPY", "&notit; &notin; &not", "&nbsp;&nbspx", "&;&#;&#x;&#xg;",
    "&unknown; &amp", "&hearts;&hellip;&mdash;&ldquo;&rdquo;", "&NotEqualTilde;&bne;&fjlig;", "&Lt;&lt;&LT;&Gt", "&ampamp;&amplt;",
    "a&b=c&d", "&", "&&&amp;", "a\r\nb\rc", "a\fb\tc", "<p", "a<p", "a</p", "a<p b=\"c", "a<", "a</", "a<!", "<",
    "<p a='&lt;'>b</p>", "<a href=?a=1&copy=2>x</a>", "<x-y z>a</x-y>", "<p\n\tid\n=\n\"a\"\n>b", "<p a=\"b\"c=\"d\">e", "<p a=''>b",
    "<svg>a</svg>", "甲<乙>丙", "<甲>", "a<5b>c", "<p a=b'c\"d>e", "<p a=<b>c", "<p a==b>c", "<br/ >a", "<p/a/b>c", "<!-- <p> -->a", "<!--a--b-->c",
]
ENDED = [
    "a</{0}>b", "a</{0}x>b</{0}>", "a</{0} >b", "a</{0}/>b", "a</ {0}>b", "a<b>c</b>", "a&amp;b&lt;c", "a<!--b-->c", "</{0}", "a</{1}>b", "<{0}>a",
]
SCRIPT = [
    "a<!--<script>b</script>c</script>d", "<!--a</script>b", "<!--<script>-->a</script>b", "<!--<script></script>--></script>a",
    "<!-<script></script>a", "<!--<scriptx></script>a", "<!--<script </script></script>a", "<!--><script></script>a", "if (a<b && c>d) x()",
]
STATES = {
    "Data state": "dataState",
    "RCDATA state": "rcdataState",
    "RAWTEXT state": "rawtextState",
    "Script data state": "scriptDataState",
    "PLAINTEXT state": "plaintextState",
}


def characters(text, state, last):
    tokenizer = HTMLTokenizer(text)
    tokenizer.state = getattr(tokenizer, STATES[state])
    if last:
        tokenizer.currentToken = {"type": tokenTypes["StartTag"], "name": last}
    kinds = {tokenTypes["Characters"], tokenTypes["SpaceCharacters"]}
    return "".join(token["data"] for token in tokenizer if token["type"] in kinds)


def main():
    inputs = [(text, "Data state", "") for text in DATA]
    for state, last in [("RCDATA state", "textarea"), ("RCDATA state", "title"), ("RAWTEXT state", "xmp"), ("RAWTEXT state", "style")]:
        inputs += [(text.format(last, last.upper()), state, last) for text in ENDED]
    inputs += [(text, "Script data state", "script") for text in SCRIPT]
    inputs += [(text, "PLAINTEXT state", "plaintext") for text in ["a<b>c</b>&amp;", "</plaintext>a"]]
    tests = []
    for text, state, last in inputs:
        case = {"description": f"{len(tests) + 1}", "input": text, "initialStates": [state]}
        if last:
            case["lastStartTag"] = last
        case["output"] = [["Character", characters(text, state, last)]]
        tests.append(case)
    json.dump({"tests": tests}, sys.stdout, ensure_ascii=False, indent=1)
    print()


main()
