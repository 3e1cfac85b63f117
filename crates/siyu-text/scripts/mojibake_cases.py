"""Garbles sentences in every way that `mojibake::fix` undoes and keeps what the Python package ftfy repairs.

    python -m venv venv && venv/bin/pip install ftfy==6.3.1
    venv/bin/python crates/siyu-text/scripts/mojibake_cases.py

Writes `tests/fixtures/mojibake_cases.json`: `[garbled, expected]`. Expected is what ftfy makes of it, if that is the
sentence; GBK, which ftfy does not know, is taken where Python's own codec garbles without loss.
"""

import itertools
import json
import pathlib

import ftfy
import ftfy.bad_codecs

CRATE = pathlib.Path(__file__).parent.parent
PAGES = ["latin-1", "sloppy-windows-1252", "sloppy-windows-1251", "sloppy-windows-1250", "sloppy-windows-1253",
         "sloppy-windows-1254", "sloppy-windows-1257", "iso-8859-2", "macroman", "cp437"]
CLEAN = [
    "Der Bürger grüßt höflich: „Schöne Grüße!“ – und geht über die Straße.",
    "L’été dernier, le garçon naïf a mangé à Noël « sans façon » des œufs… déjà 20 €.",
    "El niño comió piñas en España; ¿cuándo volverá mañana? ¡Qué alegría!",
    "Não há ações às três, só informações à noite; você também avó.",
    "Trường đại học này được thành lập năm 1995 ở Hà Nội, rất đẹp.",
    "Příliš žluťoučký kůň úpěl ďábelské ódy, řekl Čech v Brně.",
    "Zażółć gęślą jaźń; Łódź jest piękna, mówi źle Świątek.",
    "Árvíztűrő tükörfúrógép őrült üveggel.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "Щастя — це коли їжа, ґанок і є друзі.",
    "Η γρήγορη καφέ αλεπού πηδάει πάνω από το σκυλί.",
    "İstanbul’da ağır bir şey için çok güzel öğle yemeği.",
    "שלום עולם, מה שלומך היום?",
    "مرحبا بالعالم، كيف حالك اليوم؟",
    "ภาษาไทยเป็นภาษาที่สวยงาม",
    "नमस्ते दुनिया, आप कैसे हैं?",
    "你好，世界。今天的天气很好，我们去公园散步吧！",
    "第一条　为了规范市场秩序，保护消费者的合法权益，制定本条例。",
    "これは日本語の文章です。とても面白いですね。",
    "안녕하세요, 오늘 날씨가 좋네요.",
    "It’s a “smart” quote — really… isn’t it? €5 and 30 °C",
    "Party 🎉🎊 time 😀 with café ☕",
    "naïve café", "façade", "Čeština", "Ελληνικά", "Русский", "Tiếng Việt", "“quoted”", "don’t", "5 € – 6 £",
]
SHORT = [
    "ÖSTERREICH ÜBER ÄPFEL", "À la carte", "MÜNCHEN", "NOËL…", "« É »", "Ä, Ö und Ü", "CAFÉ®", "É», dit-il", "née’”",
    "10² + 20³ ≠ 5", "±5 µm", "├─┬─┤ │ table │", "°C – °F", "PÃO E AÇÃO", "Ш × Щ", "«Привет», — сказал", "ΑΒΓ «Δ»",
]
LOST = ["â€œ lost â€�", "SlovenÄ�ina", "voilÃ  le travail", "voilÃ le travail", "GÃ idhlig", "C\x92est l\x92\x85"]


def garbled(text, page):
    """The text with its UTF-8 read through a page; `None` where the page has no character for a byte."""
    try:
        return text.encode("utf-8").decode(page)
    except UnicodeDecodeError:
        return None


def cases():
    for text in CLEAN + SHORT:
        if ftfy.fix_encoding(text) == text:
            yield text, text
    for text, page in itertools.product(CLEAN, PAGES):
        once = garbled(text, page)
        if once is None:
            continue
        twice = garbled(once, page) if page in PAGES[:2] else None
        part = f"Clean words, then {once} (end)"
        for given, expected in [(once, text), (twice, text), (part, f"Clean words, then {text} (end)")]:
            if given is not None and given != expected and ftfy.fix_encoding(given) == expected:
                yield given, expected
    for text in CLEAN:
        if any("\u4e00" <= letter <= "\u9fff" for letter in text):
            once = garbled(text, "gbk")
            if once is not None:
                yield once, text
    for text in LOST:
        yield text, ftfy.fix_encoding(text)


def main():
    rows = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases())
    (CRATE / "tests" / "fixtures" / "mojibake_cases.json").write_text(f"[\n{rows}\n]\n", encoding="utf-8")


main()
