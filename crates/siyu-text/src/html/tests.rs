use proptest::prelude::*;

use super::*;

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
        "见 <https://example.com/?a=1&copy=2> 与 <MASK>\n#include <stdio.h>\nList<T> x; </T>\n\n\n",
        "if a <b and c> d; see <link>, write <!-- or <script> or <a \"\nok\n",
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

/// Every tokenizer case of the suite; lone surrogates, which no `str` can hold, stand as U+FFFD.
#[test]
#[ignore = "needs the html5lib test suite; set HTML5LIB_TESTS to its directory"]
fn characters_are_those_of_html5lib_tests() {
    let folder = std::path::PathBuf::from(std::env::var("HTML5LIB_TESTS").unwrap()).join("tokenizer");
    let (mut count, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let suite: serde_json::Value = serde_json::from_str(&replace_surrogates(&file)).unwrap();
        for case in suite["tests"].as_array().into_iter().flatten() {
            let is_escaped = case["doubleEscaped"] == true;
            let text = |value: &serde_json::Value| {
                let text = value.as_str().unwrap();
                if is_escaped {
                    serde_json::from_str(&replace_surrogates(&format!("\"{}\"", text.replace('"', "\\\"")))).unwrap()
                } else {
                    text.to_owned()
                }
            };
            let tokens = case["output"].as_array().unwrap();
            let characters_of = |token: &&serde_json::Value| token[0] == "Character";
            let expected: String = tokens.iter().filter(characters_of).map(|token| text(&token[1])).collect();
            let states = case["initialStates"]
                .as_array()
                .map_or(vec!["Data state"], |states| states.iter().map(|state| state.as_str().unwrap()).collect());
            for state in states {
                count += 1;
                let last = case["lastStartTag"].as_str().unwrap_or_default();
                let found = characters(&text(&case["input"]), initial_state(state), last);
                if found != expected {
                    wrong.push(format!("{} ({state}): {found:?} not {expected:?}", case["description"]));
                }
            }
        }
    }
    assert!(count > 0 && wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

fn initial_state(name: &str) -> InitialState {
    match name {
        "Data state" => InitialState::Data,
        "RCDATA state" => InitialState::RcData,
        "RAWTEXT state" => InitialState::RawText,
        "Script data state" => InitialState::ScriptData,
        "PLAINTEXT state" => InitialState::PlainText,
        "CDATA section state" => InitialState::CdataSection,
        _ => panic!("unknown state {name}"),
    }
}

/// Replaces escaped surrogates that form no pair.
fn replace_surrogates(json: &str) -> String {
    let code = |escape: &str| u16::from_str_radix(escape.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let (mut text, mut rest) = (String::new(), json);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        text.push_str(before);
        let length = match (code(escape), escape.get(6..).and_then(code)) {
            (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => 12,
            (Some(0xD800..0xE000), _) => {
                text.push_str("\\uFFFD");
                rest = escape.split_at(6).1;
                continue;
            }
            _ => escape.chars().take(2).map(char::len_utf8).sum(),
        };
        let (escape, after) = escape.split_at(length);
        text.push_str(escape);
        rest = after;
    }
    text + rest
}
