//! Personal data in 400 made sentences of all kinds that are found by default, and in some writings of forms, chats and
//! judgments: each span exactly.
//!
//! `fixtures/pii_cases.jsonl` is what `python3 scripts/pii_cases.py 400 11` writes: the seed is 11, and check digits come
//! from the script's own arithmetic after the standards.

use serde::Deserialize;
use siyu_text::pii::{Detector, Kind};
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Case {
    text: String,
    /// Kind, start and end in characters.
    spans: Vec<(Kind, usize, usize)>,
}

#[test]
fn every_span_is_found_exactly_and_nothing_else() {
    let cases = include_str!("fixtures/pii_cases.jsonl");
    let cases: Vec<Case> = cases.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let detector = Detector::new(Kind::DEFAULT);
    let (mut wrong, mut kinds) = (Vec::new(), BTreeSet::new());
    for Case { text, spans } in &cases {
        let characters = |end: usize| text.get(..end).unwrap().chars().count();
        let found: Vec<_> =
            detector.find(text).iter().map(|one| (one.kind, characters(one.start), characters(one.end))).collect();
        if found != *spans {
            wrong.push(format!("{text}: found {found:?} instead of {spans:?}"));
        }
        kinds.extend(spans.iter().map(|span| span.0));
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(Kind::DEFAULT.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}

/// Writings of forms, chats, logs and judgments, each with what is personal in it.
const WRITINGS: [(&str, &[(Kind, &str)]); 16] = [
    ("被告人刘某，男，一九八一年十一月二十三日出生于湖南省", &[(Kind::DateOfBirth, "一九八一年十一月二十三日")]),
    ("She was born April 12th, 1976 in Dublin.", &[(Kind::DateOfBirth, "April 12th, 1976")]),
    ("座机：0898-66778899、66778800", &[(Kind::CnLandline, "0898-66778899"), (Kind::CnLandline, "66778800")]),
    ("电话：177·1972·1113（微信同号）", &[(Kind::CnMobile, "177·1972·1113")]),
    ("加Q223344556，v信：happy-life1", &[(Kind::Qq, "223344556"), (Kind::Wechat, "happy-life1")]),
    ("VX/QQ同号：77665544", &[(Kind::Qq, "77665544")]),
    ("write to li_ming at mail dot example dot com", &[(Kind::Email, "li_ming at mail dot example dot com")]),
    ("护照编号：EF3216549；台胞证1234567801", &[(Kind::CnPassport, "EF3216549"), (Kind::TravelPermit, "1234567801")]),
    ("车牌号：使014578，网卡物理地址：3c52821faa0b", &[(Kind::CnPlate, "使014578"), (Kind::Mac, "3c52821faa0b")]),
    ("<username>li</username><password>Passw0rd!</password>", &[(Kind::Secret, "Passw0rd!")]),
    ("一九四九年十月一日中华人民共和国成立，二〇二四年三月一日印发", &[]),
    ("Published 7 March 1990; the company was founded on March 7, 1990.", &[]),
    ("please look at google dot com; the dot product at the origin", &[]),
    ("发动机号12345678，批次15912345678，尺寸 120-34-5678", &[]),
    ("加微生物肥料；加V认证的博主；wx.request({ url: 'a1_b2' })", &[]),
    ("Basic Research 2024; the password is incorrect; 密码：必填", &[]),
];

#[test]
fn writings_of_forms_chats_and_judgments_are_found_exactly() {
    let detector = Detector::new(Kind::DEFAULT);
    for (text, personal) in WRITINGS {
        let found: Vec<_> =
            detector.find(text).iter().map(|one| (one.kind, text.get(one.start..one.end).unwrap())).collect();
        assert_eq!(found, personal, "{text}");
    }
}
