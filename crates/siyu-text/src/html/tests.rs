use proptest::prelude::*;

use super::*;
use crate::work::assert_linear;

fn stripped(html: &str) -> String {
    strip(html, &StripOptions::default()).into_owned()
}

#[test]
fn blocks_end_lines_and_inline_tags_join() {
    assert_eq!(stripped("<div><p>甲<b>乙</b>丙</p>\n\n<p>a <i>b</i>\n c</p></div>"), "甲乙丙\na b c");
    assert_eq!(stripped("<ul><li>a<li>b</ul>c<br>d<br><br><br>e<hr>f"), "a\nb\nc\nd\n\ne\nf");
    assert_eq!(stripped("<h1>a</h1><div><div><div>b</div></div></div><p></p><p>c"), "a\nb\nc");
}

#[test]
fn cells_are_separated_by_a_tab_and_rows_end_lines() {
    let table =
        "<table><tr><th>a</th> <th><p>b</p></th></tr>\n<tr><td>1</td><td></td><td> <div>3</div></td></tr></table>x";
    assert_eq!(stripped(table), "a\tb\n1\t\t3\nx");
}

#[test]
fn scripts_styles_templates_and_comments_vanish() {
    let page = "<!DOCTYPE html><head><title>t</title><style>p{}</style><script>if (a<b) '</p>'</script></head>\
        <body>a<!-- <p>x</p> --><template><p>x<template>y</template>z</template>b<iframe>x</iframe><?php x?>c</body>";
    assert_eq!(stripped(page), "t\nabc");
    assert_eq!(stripped("<body>a<script><!--<script></script>--></script>b"), "ab");
}

#[test]
fn references_are_decoded_once() {
    assert_eq!(stripped("<p>&amp;lt; &lt;b&gt; &#x4e2d;&#25991; &nbsp;&copy 2020"), "&lt; <b> 中文 \u{A0}© 2020");
}

#[test]
fn pre_and_textarea_keep_their_white_space() {
    assert_eq!(stripped("<p>a</p><pre>\n x\r\n\n\n  <b>y</b>\n</pre><p>b"), "a\n x\n\n\n  y\nb");
    assert_eq!(stripped("<div>a<textarea>\n1  <b>\n2</textarea>"), "a\n1  <b>\n2");
}

#[test]
fn a_source_line_that_breaks_between_han_joins_without_a_space() {
    assert_eq!(stripped("<p>依照本法，\n   执行。\n后\nword\n文 字</p>"), "依照本法，执行。后 word 文 字");
}

#[test]
fn alternative_texts_come_on_request() {
    let html = "<p>a<img src=x alt='一 &amp; 二'>b</p>";
    assert_eq!(stripped(html), "ab");
    assert_eq!(strip(html, &StripOptions { alt: true }), "a一 & 二b");
}

#[test]
fn names_of_drawings_vanish_and_a_forgotten_end_does_no_harm() {
    assert_eq!(stripped("<p>a<svg><title>x</title><style>.a{}</style><text>b</text></svg>c"), "abc");
    assert_eq!(stripped("<p>a<svg><path/><p>b<math><![CDATA[x]]></math>"), "a\nbx");
    assert_eq!(stripped("<p>a<svg><![CDATA[x<y]]></svg>b<![CDATA[z]]>"), "ax<yb");
}

#[test]
fn text_without_markup_comes_back_as_it_is() {
    let texts = [
        "",
        "a < b && c > d\n\n\n  e\t\tf \r\n",
        "见 <https://example.com/?a=1&copy=2> 与 <MASK>\n#include <stdio.h>\nList<T> x; Map<String,int>\n\n\n",
        "if a <b and c> d; a < b, 3<5 and 6>4, write <!-- or <script> or <a \"\nok\n",
        "<cn_id> <PHONE_1> <me@example.com>, x",
        "\n\n  AT&T \0 \u{FEFF}",
    ];
    for text in texts {
        assert_eq!(stripped(text), text);
    }
}

#[test]
fn markdown_with_stray_tags_keeps_its_lines() {
    let law = "# 某某法\n\n第一条　甲\n\n<!-- INFO END -->\n\n## 第二章\n\n\n  - 乙 <b>丙</b>  丁\n";
    assert_eq!(stripped(law), "# 某某法\n\n第一条　甲\n\n## 第二章\n\n\n  - 乙 丙  丁\n");
    assert_eq!(stripped("甲<br>\n乙<br/>\n\n<center>丙\n丁</center>\n戊"), "甲\n乙\n\n丙丁\n戊");
    assert_eq!(stripped("<ruby>私<rt>si</rt></ruby>\n语"), "私si\n语");
}

#[test]
fn hostile_markup_takes_linear_time() {
    let many = 100_000;
    for unit in ["<", "<!--", "<a \"", "<div>", "<svg><foreignobject>", "</svg>", "<title>", "<p title='", "&", "<b><"]
    {
        stripped(&unit.repeat(many));
        stripped(&("<body>".to_owned() + &unit.repeat(many)));
    }
    assert_eq!(stripped(&("<div>".repeat(many) + "x" + &"</div>".repeat(many))), "x");
}

proptest! {
    #[test]
    fn no_document_panics(html in r#"(<|>|/|!|-|=|'|"|&|;|\PC|\s|<(p|/p|br|pre|/pre|td|tr|svg|/svg|script|/script|template|title|body|!--|!doctype)>){0,60}"#) {
        stripped(&html);
        for state in [InitialState::RcData, InitialState::ScriptData, InitialState::CdataSection] {
            characters(&html, state, "script");
        }
    }
}

#[test]
fn no_page_takes_more_than_linear_time() {
    let strip = |html: &str| drop(strip(html, &StripOptions::default()));
    assert_linear("<", 200_000, 4, strip);
    for unit in
        ["<b>", "<div>", "<svg><title>", "<table><tr><td>", "</p>", "<title>", "<a b='", "x<!--", "<a <b", "&amp"]
    {
        assert_linear(unit, 100_000, 80, strip);
        assert_linear(&format!("a\n{unit}"), 100_000, 80, strip);
    }
}

/// Plain text with signs that could be markup, but are none.
fn plain() -> impl Strategy<Value = String> {
    let parts = "甲¦乙。¦word¦ ¦\n¦1 < 2¦a <- b¦x && y¦R&D ¦<MASK>¦Vec<String>¦#include <stdio.h>¦<a.b@example.com>¦<https://a.cn/x?a=1&b=2>¦https://a.cn/?x=1&copy=2¦ > ¦<3¦<=¦<>"
        .split('¦')
        .map(str::to_owned)
        .collect::<Vec<_>>();
    prop::collection::vec(prop::sample::select(parts), 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn text_without_markup_stays_as_it_is(text in plain()) {
        prop_assert_eq!(stripped(&text), text);
    }
}
