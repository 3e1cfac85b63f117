//! Which element holds the article: paragraphs vote for what holds them.
//!
//! # Source
//! The idea is that of Arc90's Readability (2009), with the constants that became customary with it.

use super::super::elements::Element;
use super::page::{Measure, Page, Stats};
use super::tags;
use super::tree::is_block;

/// Elements above a paragraph that it votes for.
const LEVELS: usize = 5;

/// Shorter texts are no paragraphs.
const SHORTEST_PARAGRAPH: u32 = 25;

/// Scores of the elements of a page.
pub(super) struct Scores {
    pub(super) scores: Vec<f32>,
    pub(super) is_candidate: Vec<bool>,
}

/// Sums up what each node holds; nodes that are not `alive` count nothing.
pub(super) fn statistics(page: &Page<'_>, alive: &[bool]) -> Vec<Stats> {
    let mut all = vec![Stats::default(); page.tree.nodes.len()];
    for at in (0..all.len()).rev() {
        if !alive[at] {
            continue;
        }
        let mut own = all[at];
        page.finish(at, &mut own);
        all[at] = own;
        if at > 0 {
            all[page.tree.nodes[at].parent as usize].add(&own);
        }
    }
    all
}

impl Scores {
    pub(super) fn of(page: &Page<'_>, alive: &[bool], stats: &[Stats], uses_names: bool) -> Self {
        let count = page.tree.nodes.len();
        let mut scores = Self { scores: vec![0.0; count], is_candidate: vec![false; count] };
        let mut runs = vec![Measure::default(); count];
        let mut next = 1;
        while next < count {
            let at = next;
            let node = &page.tree.nodes[at];
            if !alive[at] {
                next = node.end as usize;
                continue;
            }
            next += 1;
            let parent = node.parent as usize;
            if is_paragraph(page, at) {
                scores.vote(page, parent, stats[at].text, uses_names);
            }
            // Text beside blocks makes a paragraph of its own, up to the next block or empty line.
            if page.has_block[parent]
                && (parent == 0 || page.is_box(parent) || page.tree.nodes[parent].name == tags::FORM)
            {
                let is_break = node.name == tags::BR && is_second_break(page, at);
                if is_break || node.element.is_some_and(is_block) || page.has_block[at] {
                    let run = std::mem::take(&mut runs[parent]);
                    scores.vote(page, parent, run, uses_names);
                } else {
                    runs[parent].add(stats[at].text);
                }
            }
        }
        for (at, run) in runs.into_iter().enumerate() {
            scores.vote(page, at, run, uses_names);
        }
        for (at, score) in scores.scores.iter_mut().enumerate() {
            *score *= 1.0 - stats[at].link_density();
        }
        scores
    }

    /// Gives the score of a paragraph to the elements around it, `parent` first.
    fn vote(&mut self, page: &Page<'_>, parent: usize, text: Measure, uses_names: bool) {
        if text.chars < SHORTEST_PARAGRAPH {
            return;
        }
        let score = 2.0 + text.commas as f32 + (text.chars as f32 / 100.0).floor().min(3.0);
        let mut at = parent;
        for level in 0..LEVELS {
            if !self.is_candidate[at] {
                self.is_candidate[at] = true;
                self.scores[at] += start(page, at, uses_names);
            }
            let divider = match level {
                0 => 1.0,
                1 => 2.0,
                _ => 3.0 * level as f32,
            };
            self.scores[at] += score / divider;
            if at == 0 {
                return;
            }
            at = page.tree.nodes[at].parent as usize;
        }
    }

    /// The best elements, best first.
    pub(super) fn best(&self, count: usize) -> Vec<usize> {
        let mut best: Vec<usize> = Vec::with_capacity(count + 1);
        for (at, score) in self.scores.iter().enumerate() {
            if !self.is_candidate[at] {
                continue;
            }
            let place = best.partition_point(|&other| self.scores[other] >= *score);
            if place < count {
                best.insert(place, at);
                best.truncate(count);
            }
        }
        best
    }
}

/// What an element has before anybody votes for it.
fn start(page: &Page<'_>, at: usize, uses_names: bool) -> f32 {
    let name = match page.tree.nodes[at].name {
        tags::DIV => 5.0,
        tags::PRE | tags::TD | tags::BLOCKQUOTE => 3.0,
        tags::ADDRESS | tags::OL | tags::UL | tags::DL | tags::DD | tags::DT | tags::LI | tags::FORM => -3.0,
        name if tags::is_heading(name) || name == tags::TH => -5.0,
        _ => 0.0,
    };
    name + if uses_names { page.hints[at].weight() } else { 0.0 }
}

/// Whether an element is one paragraph.
fn is_paragraph(page: &Page<'_>, at: usize) -> bool {
    match page.tree.nodes[at].name {
        tags::P | tags::TD | tags::PRE | tags::SECTION => true,
        name if tags::is_heading(name) && name != tags::H1 => true,
        _ => !page.has_block[at] && page.is_box(at),
    }
}

/// Whether an empty line ends here: a break that follows a break.
fn is_second_break(page: &Page<'_>, at: usize) -> bool {
    let parent = page.tree.nodes[at].parent;
    (1..at).rev().take(3).map(|before| (before, &page.tree.nodes[before])).find_map(|(before, node)| {
        if node.parent == parent && node.element == Some(Element::Break) {
            Some(true)
        } else if node.name == tags::TEXT && page.texts[before].chars == 0 {
            None
        } else {
            Some(false)
        }
    }) == Some(true)
}
