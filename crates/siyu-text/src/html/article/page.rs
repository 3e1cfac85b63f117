//! What is counted of each node: characters, links, commas, paragraphs.

use super::super::elements::Element;
use super::hints::{Hints, hints};
use super::tags;
use super::tree::{Tree, is_block};

/// A page with what its attributes tell.
pub(super) struct Page<'a> {
    pub(super) tree: Tree<'a>,
    pub(super) hints: Vec<Hints>,
    /// What each text node holds.
    pub(super) texts: Vec<Measure>,
    /// Whether an element holds blocks.
    pub(super) has_block: Vec<bool>,
}

/// The size of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Measure {
    /// Characters without white space at the ends; Han counts twice, as it says as much as two letters.
    pub(super) chars: u32,
    /// Commas and full stops, Chinese ones too.
    pub(super) commas: u32,
}

impl Measure {
    pub(super) fn add(&mut self, other: Self) {
        self.chars += other.chars;
        self.commas += other.commas;
    }
}

/// What a node holds, over all that lies in it and is not removed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stats {
    pub(super) text: Measure,
    pub(super) link_chars: f32,
    pub(super) heading_chars: u32,
    pub(super) list_chars: u32,
    pub(super) block_chars: u32,
    pub(super) paragraphs: u32,
    pub(super) items: u32,
    pub(super) images: u32,
    pub(super) inputs: u32,
    pub(super) embeds: u32,
    pub(super) data_tables: u32,
}

impl Stats {
    pub(super) fn add(&mut self, other: &Self) {
        self.text.add(other.text);
        self.link_chars += other.link_chars;
        self.heading_chars += other.heading_chars;
        self.list_chars += other.list_chars;
        self.block_chars += other.block_chars;
        self.paragraphs += other.paragraphs;
        self.items += other.items;
        self.images += other.images;
        self.inputs += other.inputs;
        self.embeds += other.embeds;
        self.data_tables += other.data_tables;
    }

    /// The share of the text that lies in links.
    pub(super) fn link_density(&self) -> f32 {
        if self.text.chars == 0 { 0.0 } else { self.link_chars / self.text.chars as f32 }
    }
}

impl<'a> Page<'a> {
    pub(super) fn of(html: &'a str) -> Self {
        let tree = Tree::of(html);
        let count = tree.nodes.len();
        let hints: Vec<_> = tree.nodes.iter().map(hints).collect();
        let texts = (0..count)
            .map(|at| if tree.nodes[at].name == tags::TEXT { measure(tree.text(at)) } else { Measure::default() })
            .collect();
        let mut has_block = vec![false; count];
        for at in (1..count).rev() {
            let node = &tree.nodes[at];
            if has_block[at] || node.element.is_some_and(is_block) {
                has_block[node.parent as usize] = true;
            }
        }
        Self { tree, hints, texts, has_block }
    }

    /// What a node adds to its own account once its children are summed up in `stats`.
    pub(super) fn finish(&self, at: usize, stats: &mut Stats) {
        let node = &self.tree.nodes[at];
        match node.name {
            tags::TEXT => stats.text = self.texts[at],
            tags::A => {
                let weight = if self.hints[at].has(Hints::AWAY) { 1.0 } else { 0.3 };
                stats.link_chars = stats.text.chars as f32 * weight;
            }
            tags::IMG => stats.images += 1,
            tags::INPUT => stats.inputs += 1,
            tags::EMBED | tags::OBJECT => stats.embeds += 1,
            tags::LI => {
                stats.items += 1;
                stats.block_chars = stats.text.chars;
            }
            tags::UL | tags::OL => {
                stats.list_chars = stats.text.chars;
                stats.block_chars = stats.text.chars;
            }
            name if tags::is_heading(name) => stats.heading_chars = stats.text.chars,
            tags::P | tags::PRE | tags::BLOCKQUOTE | tags::DL | tags::TABLE | tags::TD | tags::SPAN => {
                stats.paragraphs += u32::from(node.name == tags::P);
                stats.block_chars = stats.text.chars;
            }
            _ if self.is_box(at) => {
                stats.paragraphs += u32::from(!self.has_block[at] && stats.text.chars > 0);
                stats.block_chars = stats.text.chars;
            }
            _ => {}
        }
    }

    /// Whether the element is a box of no meaning of its own: `div`, `center`, `section`.
    pub(super) fn is_box(&self, at: usize) -> bool {
        let node = &self.tree.nodes[at];
        node.element == Some(Element::Container)
            && !matches!(
                node.name,
                tags::UL
                    | tags::OL
                    | tags::DL
                    | tags::TABLE
                    | tags::TBODY
                    | tags::THEAD
                    | tags::TFOOT
                    | tags::BLOCKQUOTE
                    | tags::FORM
                    | tags::FIELDSET
                    | tags::FIGURE
            )
    }
}

/// Measures a text as laid out: white space collapses to one character.
pub(super) fn measure(text: &str) -> Measure {
    let mut found = Measure::default();
    let mut gap = 0;
    for (at, &byte) in text.as_bytes().iter().enumerate() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0C => {
                gap = 1;
                continue;
            }
            // Continuation bytes belong to the character before them.
            0x80..=0xBF => continue,
            b',' => found.commas += 1,
            0xE3 if matches!(text.as_bytes().get(at + 1..at + 3), Some([0x80, 0x81 | 0x82])) => {
                found.commas += 1;
                found.chars += 1;
            }
            0xEF if matches!(text.as_bytes().get(at + 1..at + 3), Some([0xBC, 0x8C | 0x9B])) => {
                found.commas += 1;
                found.chars += 1;
            }
            0xE3..=0xED => found.chars += 1,
            _ => {}
        }
        found.chars += 1 + if found.chars > 0 { gap } else { 0 };
        gap = 0;
    }
    found
}
