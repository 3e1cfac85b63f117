//! What is removed from the page before, and from the article after it was found.

use super::boilerplate::is_action;
use super::hints::Hints;
use super::page::{Page, Stats};
use super::select::children;
use super::tags;
use super::title::Title;

/// A cell of a layout that holds a post or an article is no shorter, if nothing in it is a block.
const SHORT_CELL: u32 = 100;

/// Marks what no article holds: controls, hidden boxes; with `strict`, also what its names call part of the frame.
pub(super) fn prune(page: &Page<'_>, title: &Title, strict: bool) -> Vec<bool> {
    let count = page.tree.nodes.len();
    let mut alive = vec![true; count];
    let total: u32 = page.texts.iter().map(|text| text.chars).sum();
    let around = Around::of(page);
    let sizes = sizes(page);
    let (mut has_title, mut has_byline) = (false, false);
    let mut next = 1;
    while next < count {
        let at = next;
        let node = &page.tree.nodes[at];
        next += 1;
        if node.name == tags::TEXT {
            continue;
        }
        let hints = page.hints[at];
        // A script shows what holds most of the page, whatever its style says.
        let is_hidden = hints.has(Hints::HIDDEN) && sizes[at] * 2 <= total;
        let is_frame = strict
            && (hints.has(Hints::ROLE)
                || (hints.has(Hints::FRAME)
                    && !hints.has(Hints::CONTENT)
                    && !around.table[at]
                    && !around.code[at]
                    && node.name != tags::A
                    && sizes[at] * 10 <= total * 9));
        let mut is_dead = is_control(node.name) || is_hidden || is_frame || is_action(page, at, sizes[at]);
        if !is_dead
            && !has_title
            && matches!(node.name, tags::H1 | tags::H2)
            && title.repeats(&page.tree.inner_text(at))
        {
            has_title = true;
            is_dead = true;
        }
        if !is_dead && !has_byline && hints.has(Hints::BYLINE) && (1..200).contains(&sizes[at]) {
            let text = page.tree.inner_text(at);
            has_byline = text.trim().chars().count() < 100;
            is_dead = has_byline;
        }
        if is_dead {
            alive[at] = false;
            next = node.end as usize;
        }
    }
    alive
}

fn is_control(name: super::super::elements::Name) -> bool {
    matches!(
        name,
        tags::BUTTON
            | tags::SELECT
            | tags::NOSCRIPT
            | tags::CANVAS
            | tags::DATALIST
            | tags::VIDEO
            | tags::AUDIO
            | tags::DIALOG
            | tags::MARQUEE
    )
}

/// Characters of each node, whatever is removed.
fn sizes(page: &Page<'_>) -> Vec<u32> {
    let mut sizes: Vec<u32> = page.texts.iter().map(|text| text.chars).collect();
    for at in (1..sizes.len()).rev() {
        sizes[page.tree.nodes[at].parent as usize] += sizes[at];
    }
    sizes
}

/// Which nodes lie in a table, in code, in a figure, in a table that holds data; an element lies in itself.
struct Around {
    table: Vec<bool>,
    code: Vec<bool>,
    figure: Vec<bool>,
    data_table: Vec<bool>,
}

impl Around {
    fn of(page: &Page<'_>) -> Self {
        let nodes = &page.tree.nodes;
        let data = data_tables(page);
        let mut around = Self {
            table: vec![false; nodes.len()],
            code: vec![false; nodes.len()],
            figure: vec![false; nodes.len()],
            data_table: data,
        };
        for (at, node) in nodes.iter().enumerate().skip(1) {
            let (name, parent) = (node.name, node.parent as usize);
            around.table[at] = around.table[parent] || name == tags::TABLE;
            around.code[at] = around.code[parent] || name == tags::CODE || name == tags::PRE;
            around.figure[at] = around.figure[parent] || name == tags::FIGURE;
            around.data_table[at] |= around.data_table[parent];
        }
        around
    }
}

/// The tables that hold data rather than a layout.
fn data_tables(page: &Page<'_>) -> Vec<bool> {
    let nodes = &page.tree.nodes;
    let mut table_of = vec![0; nodes.len()];
    let mut rows = vec![0_u32; nodes.len()];
    let mut cells = vec![0_u32; nodes.len()];
    let mut has_head = vec![false; nodes.len()];
    let mut has_inner = vec![false; nodes.len()];
    for at in 1..nodes.len() {
        let outer: usize = table_of[nodes[at].parent as usize];
        table_of[at] = outer;
        match nodes[at].name {
            tags::TABLE => {
                has_inner[outer] = true;
                table_of[at] = at;
            }
            tags::TR => rows[outer] += 1,
            tags::TD => cells[outer] += 1,
            tags::TH | tags::CAPTION | tags::THEAD | tags::TFOOT => {
                cells[outer] += 1;
                has_head[outer] = true;
            }
            _ => {}
        }
    }
    let is_data = |at: usize| {
        if nodes[at].name != tags::TABLE || page.hints[at].has(Hints::LAYOUT) {
            return false;
        }
        if has_head[at] || page.tree.attribute(at, "summary").is_some_and(|summary| !summary.is_empty()) {
            return true;
        }
        let columns = cells[at] / rows[at].max(1);
        !has_inner[at] && rows[at] > 1 && columns > 1 && (rows[at] >= 10 || columns > 4 || cells[at] > 10)
    };
    (0..nodes.len()).map(is_data).collect()
}

/// Removes from the article in `roots` what does not look like part of it; `alive` is changed.
pub(super) fn clean(page: &Page<'_>, roots: &[usize], alive: &mut [bool], title: &Title, uses_names: bool) {
    let around = Around::of(page);
    let mut all = vec![Stats::default(); page.tree.nodes.len()];
    for &root in roots.iter().rev() {
        for at in (root..page.tree.nodes[root].end as usize).rev() {
            if !alive[at] {
                continue;
            }
            let mut own = all[at];
            page.finish(at, &mut own);
            own.data_tables += u32::from(page.tree.nodes[at].name == tags::TABLE && around.data_table[at]);
            // Where no element holds the article alone, its list of links is the page's menu.
            let is_menu = root == 0
                && matches!(page.tree.nodes[at].name, tags::UL | tags::OL)
                && own.link_density() > 0.8
                && own.text.commas < 3;
            if is_menu || at != root && is_alien(page, at, &own, &around, title, uses_names) {
                alive[at] = false;
                continue;
            }
            all[at] = own;
            if page.tree.nodes[at].name == tags::TR && !around.data_table[at] {
                drop_margins(page, at, alive, &mut all);
            }
            if at != root {
                all[page.tree.nodes[at].parent as usize].add(&own);
            }
        }
    }
}

/// Removes the cells of a layout that stand beside one of much more text: who wrote it, menus, lists of links.
fn drop_margins(page: &Page<'_>, row: usize, alive: &mut [bool], all: &mut [Stats]) {
    let cells = || children(&page.tree, row).filter(|&at| matches!(page.tree.nodes[at].name, tags::TD | tags::TH));
    let widest = cells().filter(|&at| alive[at]).map(|at| all[at].text.chars).max().unwrap_or_default();
    // A row of short cells without blocks is one of data, however small its table.
    if widest < SHORT_CELL && !cells().any(|at| page.has_block[at]) {
        return;
    }
    let mut own = Stats::default();
    for at in cells() {
        let stats = all[at];
        let is_margin = stats.text.chars * 3 < widest
            && ((stats.text.commas == 0 && stats.text.chars < 120) || stats.link_density() > 0.5);
        if alive[at] && is_margin && stats.text.chars > 0 {
            alive[at] = false;
        } else if alive[at] {
            own.add(&stats);
        }
    }
    all[row] = own;
}

fn is_alien(page: &Page<'_>, at: usize, own: &Stats, around: &Around, title: &Title, uses_names: bool) -> bool {
    let (name, hints) = (page.tree.nodes[at].name, page.hints[at]);
    let weight = if uses_names { hints.weight() } else { 0.0 };
    match name {
        tags::TEXT => return false,
        tags::FOOTER | tags::ASIDE | tags::OBJECT | tags::EMBED | tags::INPUT | tags::SELECT | tags::BUTTON => {
            return true;
        }
        tags::H1 | tags::H2 if weight < 0.0 || title.repeats(&page.tree.inner_text(at)) => return true,
        _ => {}
    }
    if hints.has(Hints::SHARE) && own.text.chars < 500 {
        return true;
    }
    let is_box = page.is_box(at) && name != tags::ARTICLE && name != tags::MAIN;
    let is_table = name == tags::TABLE;
    let is_list = matches!(name, tags::UL | tags::OL);
    if !(matches!(name, tags::FORM | tags::FIELDSET) || is_table || is_list || is_box) {
        return false;
    }
    if around.data_table[at] || around.code[at] || own.data_tables > 0 {
        return false;
    }
    if weight < 0.0 {
        return true;
    }
    own.text.commas < 10 && is_scrap(own, weight, around.figure[at], is_list)
}

/// Whether a box of few commas is a menu, a gallery or the like.
fn is_scrap(own: &Stats, weight: f32, in_figure: bool, is_list: bool) -> bool {
    let chars = own.text.chars as f32;
    let share = |part: u32| if own.text.chars == 0 { 0.0 } else { part as f32 / chars };
    let is_list = is_list || share(own.list_chars) > 0.9;
    let density = own.link_density();
    let items = own.items as f32 - 100.0;
    let is_gallery = !in_figure && own.images > 1 && (own.paragraphs as f32) < 0.5 * own.images as f32;
    let is_menu = !is_list && items > own.paragraphs as f32;
    let is_form = own.inputs > own.paragraphs / 3;
    let is_caption = !is_list
        && !in_figure
        && share(own.heading_chars) < 0.9
        && own.text.chars < 25
        && (own.images == 0 || own.images > 2)
        && density > 0.0;
    let is_linked = if weight >= 25.0 { density > 0.5 } else { !is_list && density > 0.2 };
    let is_player = (own.embeds == 1 && own.text.chars < 75) || own.embeds > 1;
    let is_bare = own.images == 0 && own.block_chars == 0;
    is_gallery || is_menu || is_form || is_caption || is_linked || is_player || is_bare
}
