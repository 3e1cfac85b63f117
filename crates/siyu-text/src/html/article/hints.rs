//! What an element's attributes tell about it: names of classes and ids, roles, and what hides it.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::super::attributes::Attributes;
use super::tags;
use super::tree::Node;

/// Facts about an element, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hints(u16);

impl Hints {
    /// Part of the page's frame: menus, advertisements, comments.
    pub(super) const FRAME: Self = Self(1);
    /// Says content, which outweighs [`Self::FRAME`].
    pub(super) const CONTENT: Self = Self(1 << 1);
    /// Speaks for an article, in class or id.
    pub(super) const GOOD: Self = Self(1 << 2);
    /// Speaks against one, in class or id.
    pub(super) const BAD: Self = Self(1 << 3);
    /// Names the author.
    pub(super) const BYLINE: Self = Self(1 << 4);
    /// Offers to share the page.
    pub(super) const SHARE: Self = Self(1 << 5);
    /// Not shown, if the page's styles are believed.
    pub(super) const HIDDEN: Self = Self(1 << 6);
    /// A role that no article has: navigation, dialogs.
    pub(super) const ROLE: Self = Self(1 << 7);
    /// Marked up as an article's body.
    pub(super) const BODY: Self = Self(1 << 8);
    /// A table for layout, by its role.
    pub(super) const LAYOUT: Self = Self(1 << 9);
    /// A link to another page, rather than to a place in this one.
    pub(super) const AWAY: Self = Self(1 << 10);
    /// A reader's comment or the list of them.
    pub(super) const COMMENT: Self = Self(1 << 11);
    /// Offers to edit a part of the page.
    pub(super) const EDIT: Self = Self(1 << 14);
    /// The id speaks for, the class against an article, or the other way round; each counts.
    const ID_GOOD: Self = Self(1 << 12);
    const ID_BAD: Self = Self(1 << 13);

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// What class and id add to an element's score.
    pub(super) fn weight(self) -> f32 {
        let vote = |bit| if self.has(bit) { 25.0 } else { 0.0 };
        vote(Self::GOOD) + vote(Self::ID_GOOD) - vote(Self::BAD) - vote(Self::ID_BAD)
    }
}

/// Parts of names; a space stands for the start or end of one.
const WORDS: &[(Hints, &str)] = &[
    (
        Hints::FRAME,
        "-ad- ad-break ad_box adsbygoogle advert agegate banner breadcrumb combx cookie-  copyright-  crumbs community \
         cover-wrap disqus extra footer gdpr header legends menu navbar navigation paging pager pagination popup related \
         remark replies rss shoutbox sidebar rightbar leftbar skyscraper social sponsor supplemental newsletter recommend guanggao \
         tuijian xiangguan pinglun mianbao daohang qrcode appendqr erweima toolbar back-to-top subscribe",
    ),
    (Hints::FRAME, "comment"),
    (Hints::COMMENT, "comment disqus pinglun replies"),
    (
        Hints::CONTENT,
        "and article body column content main shadow mathjax zhengwen neirong artibody trs_editor post_text",
    ),
    (
        Hints::GOOD,
        "article body content entry hentry main page pagination post text blog story zhengwen neirong artibody \
         trs_editor js_content wenzhang detail_txt t_f",
    ),
    (
        Hints::BAD,
        "-ad- hidden banner combx comment com- contact footer gdpr masthead media meta outbrain promo related scroll share \
         shoutbox sidebar skyscraper sponsor shopping tags widget recommend guanggao tuijian xiangguan pinglun fenxiang \
         zebian qrcode erweima copyright",
    ),
    (Hints::BYLINE, "byline author dateline writtenby p-author zuozhe"),
    (Hints::EDIT, "editsection edit-icon headerlink"),
    (Hints::SHARE, "share sharedaddy fenxiang bdsharebuttonbox"),
];

struct Matcher {
    automaton: AhoCorasick,
    hints: Vec<Hints>,
}

static MATCHER: LazyLock<Matcher> = LazyLock::new(|| {
    let mut words: Vec<(&str, Hints)> = Vec::new();
    for (hint, group) in WORDS {
        for word in group.split_ascii_whitespace() {
            if let Some((_, known)) = words.iter_mut().find(|(known, _)| *known == word) {
                known.add(*hint);
            } else {
                words.push((word, *hint));
            }
        }
    }
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(words.iter().map(|(word, _)| word))
        .expect("a few short words make an automaton");
    Matcher { automaton, hints: words.into_iter().map(|(_, hints)| hints).collect() }
});

fn named(value: &str) -> Hints {
    let mut found = Hints::default();
    if value.len() <= 1024 {
        for word in MATCHER.automaton.find_overlapping_iter(value) {
            found.add(MATCHER.hints[word.pattern().as_usize()]);
        }
    }
    found
}

/// Reads the attributes of an element.
pub(super) fn hints(node: &Node<'_>) -> Hints {
    let mut hints = Hints::default();
    if node.attributes.is_empty() {
        return hints;
    }
    for (name, value) in Attributes(node.attributes) {
        match name.to_ascii_lowercase().as_str() {
            "class" => hints.add(named(value)),
            "id" => {
                let id = named(value);
                for (class_bit, id_bit) in [(Hints::GOOD, Hints::ID_GOOD), (Hints::BAD, Hints::ID_BAD)] {
                    if id.has(class_bit) {
                        hints.add(id_bit);
                    }
                }
                hints.add(Hints(id.0 & !(Hints::GOOD.0 | Hints::BAD.0)));
            }
            "style" if hides(value) => hints.add(Hints::HIDDEN),
            "hidden" => hints.add(Hints::HIDDEN),
            "aria-hidden" if value == "true" => hints.add(Hints::HIDDEN),
            "role" => match value {
                "menu" | "menubar" | "complementary" | "navigation" | "alert" | "alertdialog" | "dialog" => {
                    hints.add(Hints::ROLE);
                }
                "presentation" => hints.add(Hints::LAYOUT),
                _ => {}
            },
            "rel" if value.eq_ignore_ascii_case("author") => hints.add(Hints::BYLINE),
            "itemprop" if value.eq_ignore_ascii_case("articleBody") => hints.add(Hints::BODY),
            "itemprop" if value.contains("author") => hints.add(Hints::BYLINE),
            "href" if node.name == tags::A && !value.starts_with('#') => hints.add(Hints::AWAY),
            _ => {}
        }
    }
    hints
}

/// Whether a style takes the element out of the page.
fn hides(style: &str) -> bool {
    let dense: String = style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    dense.contains("display:none") || dense.contains("visibility:hidden")
}
