//! From the best element to all that belong to the article.

use super::page::{Page, Stats};
use super::score::Scores;
use super::tags;
use super::tree::Tree;

/// Elements compared with the best.
const RIVALS: usize = 5;

/// A rival has at least this share of the best score.
const RIVAL_SHARE: f32 = 0.75;

/// So many rivals under one element make that the article.
const RIVALS_TO_JOIN: usize = 3;

/// The elements that make the article, in document order.
pub(super) fn select(page: &Page<'_>, alive: &[bool], stats: &[Stats], scores: &Scores) -> Vec<usize> {
    let best = scores.best(RIVALS);
    let Some(&first) = best.first() else { return vec![0] };
    let top = outermost(page, alive, stats, grown(page, scores, joined(page, scores, &best, first)));
    if top == 0 {
        return vec![0];
    }
    let parent = page.tree.nodes[top].parent as usize;
    children(&page.tree, parent)
        .filter(|&at| alive[at] && (at == top || belongs(page, &stats[at], scores, top, at)))
        .collect()
}

/// The nodes directly below a node.
pub(super) fn children<'t>(tree: &'t Tree<'_>, parent: usize) -> impl Iterator<Item = usize> + 't {
    let end = tree.nodes[parent].end as usize;
    let inside = move |at: &usize| *at < end;
    std::iter::successors(Some(parent + 1).filter(inside), move |&at| Some(tree.nodes[at].end as usize).filter(inside))
}

fn holds(page: &Page<'_>, outer: usize, inner: usize) -> bool {
    outer < inner && inner < page.tree.nodes[outer].end as usize
}

/// The element around `top` that also holds enough of its rivals, such as all posts of a thread.
fn joined(page: &Page<'_>, scores: &Scores, best: &[usize], top: usize) -> usize {
    let rivals: Vec<_> =
        best.iter().copied().skip(1).filter(|&at| scores.scores[at] >= RIVAL_SHARE * scores.scores[top]).collect();
    if rivals.len() < RIVALS_TO_JOIN {
        return top;
    }
    let mut around = page.tree.nodes[top].parent as usize;
    while around > 0 {
        if rivals.iter().filter(|&&rival| holds(page, around, rival)).count() >= RIVALS_TO_JOIN {
            return around;
        }
        around = page.tree.nodes[around].parent as usize;
    }
    top
}

/// The element around `top` whose score is better still.
fn grown(page: &Page<'_>, scores: &Scores, top: usize) -> usize {
    let mut last = scores.scores[top];
    let threshold = last / 3.0;
    let mut around = page.tree.nodes[top].parent as usize;
    while around > 0 {
        if scores.is_candidate[around] {
            let score = scores.scores[around];
            if score < threshold {
                break;
            }
            if score > last {
                return around;
            }
            last = score;
        }
        around = page.tree.nodes[around].parent as usize;
    }
    top
}

/// The outermost element that holds nothing else.
fn outermost(page: &Page<'_>, alive: &[bool], stats: &[Stats], mut top: usize) -> usize {
    while top > 0 {
        let parent = page.tree.nodes[top].parent as usize;
        let is_alone = stats[parent].text.chars <= stats[top].text.chars
            && children(&page.tree, parent)
                .filter(|&at| alive[at] && page.tree.nodes[at].name != tags::TEXT)
                .nth(1)
                .is_none();
        if parent == 0 || !is_alone {
            break;
        }
        top = parent;
    }
    top
}

/// Whether a sibling of `top` is part of the same article.
fn belongs(page: &Page<'_>, stats: &Stats, scores: &Scores, top: usize, at: usize) -> bool {
    let class = page.tree.attribute(top, "class").filter(|class| !class.is_empty());
    let is_alike = class.is_some() && page.tree.attribute(at, "class") == class;
    let bonus = if is_alike { scores.scores[top] * 0.2 } else { 0.0 };
    let threshold = (scores.scores[top] * 0.2).max(10.0);
    if scores.is_candidate[at] && scores.scores[at] + bonus >= threshold {
        return true;
    }
    let is_paragraph = page.tree.nodes[at].name == tags::P || (!page.has_block[at] && page.is_box(at));
    let (chars, density) = (stats.text.chars, stats.link_density());
    if !is_paragraph || chars == 0 {
        return false;
    }
    if chars > 80 {
        return density < 0.25;
    }
    let text = page.tree.inner_text(at);
    density == 0.0 && (text.trim_end().ends_with(['.', '。', '！', '？']) || text.contains(". "))
}
