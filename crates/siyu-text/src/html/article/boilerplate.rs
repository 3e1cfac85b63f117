//! Lines that sites put around every article: who edited it, where to share it, what else to read.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::hints::Hints;
use super::page::{Page, Stats};
use super::select::children;
use super::tags;

/// Lines at the start of an article where its date and source may stand.
const HEAD: usize = 4;

/// Lines at the end of an article where sites add theirs.
const TAIL: usize = 8;

/// Longer lines are text of the article, but for legal notices.
const LONGEST_LABEL: usize = 80;
const LONGEST_NOTICE: usize = 400;

fn set(patterns: &[&str]) -> RegexSet {
    RegexSet::new(patterns).expect("the patterns are fixed")
}

/// What is no text of an article wherever it stands.
static ANYWHERE: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"^[（(【\[]?(责任编辑|责编|本文编辑|网络编辑|值班编辑|编辑|校对|责任校对|审核|编审|初审|复审|终审|监制)\s*[:：丨|/]",
        r"^(分享到|分享至|转发到|一键分享|分享让更多人看到)[\s:：]*",
        r"^(扫一扫|扫码|扫描(下方|上方|左侧|右侧)?二维码|长按(识别|图片|二维码)|微信扫一扫|打开微信|关注(微信)?公众号)",
        r"^[【\[（(]?(我要)?(纠错|举报|打印本页|关闭窗口|关闭本页|返回顶部|返回列表|返回首页)[】\]）)]?$",
        r"^([【\[]\s*(打印|打印本页|关闭|关闭窗口|收藏|返回|大|中|小)?\s*[】\]]\s*)+$",
        r"^[【\[（(]?(字号|字体)[\s:：]*(大|小|\[|【)",
        r"^(上一篇|下一篇|上一条|下一条|上一章|下一章|上一页|下一页|前一篇|后一篇)\s*([:：>»].*)?$",
        r"^\S{1,24}\s+\d+ ?(秒|分钟|小时|天|周|个月|年)前$",
        r"^\d+ ?(条|个)(回复|评论|回答|跟帖)(\s*[•·|].*)?$",
        r"^(查看|浏览|阅读|点击)[\s:：]*\d+\s*[|｜/]?\s*(回复|评论)[\s:：]*\d+$",
        r"^(阅读原文|点击查看更多|展开全文|查看更多|加载更多|点击加载更多|继续滑动看下一个|我要反馈|发表评论|登录后评论)$",
    ])
});

/// What is none at the head or the tail of one.
static AT_THE_ENDS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"^[（(【\[]?(来源|稿源|文章来源|本文来源|信息来源|新闻来源|图片来源|作者|原作者|撰文|文|记者|通讯员|发布时间|发布日期|发表时间|发布于|发表于|更新时间|更新日期|时间|日期|浏览次数|浏览量|浏览|阅读量|阅读数|阅读次数|阅读|点击数|点击量|点击|访问量|访问次数|人气|标签|关键词|关键字|分类|栏目|所属分类|所属栏目|字数|原标题)\s*[:：／/]",
        r"^(19|20)\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?[^。！？，]*$",
        r"^(posted @|发布于|发表于|编辑于|最后编辑于)\s*(19|20)\d{2}",
        r"^(点赞|收藏|评论|转发|喜欢|在看|赞|阅读)\s*\d*(\s+(点赞|收藏|评论|转发|喜欢|在看|赞|阅读)\s*\d*)*$",
        r"(点击|长按|识别).{0,8}(二维码|关注)",
        r"^(版权所有|Copyright\b|©)",
    ])
});

/// Legal notices, which may be long.
static NOTICE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"^[【\[（(*※]*\s*(版权声明|版权说明|免责声明|特别声明|特别提醒|郑重声明|法律声明|转载声明|风险提示及免责声明|声明)\s*[】\]）)]?\s*[:：\s】]|^(本文|本站|本网|文章)?.{0,6}(未经(本网|本站|作者|授权|许可|允许).{0,12}(不得|禁止|请勿)|转载请(注明|联系)|如有侵权|如涉及版权|侵删)";
    Regex::new(pattern).expect("the pattern is fixed")
});

/// Headings of what else a site offers.
static OFFER: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)^[【\[（(]?\s*(相关(阅读|新闻|文章|推荐|链接|报道|资讯|内容|专题|话题|帖子)|推荐(阅读|文章|内容|新闻)|延伸阅读|拓展阅读|扩展阅读|更多(阅读|文章|新闻|内容|精彩|相关.{0,4})|往期(回顾|精彩|推荐|文章)|精彩(推荐|阅读|图集)|热门(推荐|文章|新闻|排行|评论|阅读|搜索|话题|标签)|猜你喜欢|您?可能感兴趣.{0,6}|为你推荐|大家都在看|大家还在看|看了又看|点击排行|阅读排行.?|排行榜|今日热点|热点推荐|最新(文章|评论|新闻|资讯)|网友评论|精彩评论|全部评论|related (articles|stories|posts|content|topics|reading|news)|recommended( for you| articles| stories)?|read (more|next|also)|more (stories|from .{1,30}|on this( topic| story)?)|you (may|might) also (like|be interested in)|most (read|popular)|trending( now)?|popular posts|latest news)\s*[】\]）)]?\s*[:：]?\s*$";
    Regex::new(pattern).expect("the pattern is fixed")
});

/// Removes headings of what else to read, with the links below them.
pub(super) fn drop_offers(page: &Page<'_>, roots: &[usize], alive: &mut [bool], stats: &[Stats]) {
    for &root in roots {
        let mut next = root + 1;
        while next < page.tree.nodes[root].end as usize {
            let at = next;
            let node = &page.tree.nodes[at];
            next += 1;
            if !alive[at] {
                next = node.end as usize;
                continue;
            }
            let is_small = node.name != tags::TEXT && !page.has_block[at] && (1..60).contains(&stats[at].text.chars);
            if !is_small || !OFFER.is_match(page.tree.inner_text(at).trim()) {
                continue;
            }
            // Only links that follow show that the heading is no part of the article.
            let label = outermost(page, stats, root, at);
            let parent = page.tree.nodes[label].parent as usize;
            let mut linked = Vec::new();
            for sibling in
                children(&page.tree, parent).skip_while(|&other| other <= label).filter(|&other| alive[other])
            {
                if stats[sibling].text.chars == 0 {
                    continue;
                }
                if stats[sibling].link_density() < 0.5 {
                    break;
                }
                linked.push(sibling);
            }
            if !linked.is_empty() {
                for other in linked.into_iter().chain([label]) {
                    alive[other] = false;
                }
                next = next.max(page.tree.nodes[label].end as usize);
            }
        }
    }
}

/// The outermost element inside `root` that holds no more text than this one.
fn outermost(page: &Page<'_>, stats: &[Stats], root: usize, mut at: usize) -> usize {
    loop {
        let parent = page.tree.nodes[at].parent as usize;
        if parent <= root || stats[parent].text.chars > stats[at].text.chars {
            return at;
        }
        at = parent;
    }
}

/// Whether an inline link is an action on the page: edit, reply, report.
pub(super) fn is_action(page: &Page<'_>, at: usize, chars: u32) -> bool {
    const ACTIONS: [&str; 16] = [
        "编辑",
        "讨论",
        "使用道具",
        "[编辑]",
        "¶",
        "#",
        "§",
        "回复",
        "举报",
        "收藏",
        "分享",
        "打印",
        "引用",
        "[edit]",
        "播报",
        "只看该作者",
    ];
    (1..=12).contains(&chars)
        && (page.tree.nodes[at].name == tags::A || page.hints[at].has(Hints::EDIT))
        && ACTIONS.contains(&page.tree.inner_text(at).trim())
}

/// The text without the lines that sites add; `None` where nothing is to be removed.
pub(super) fn without_labels(text: &str) -> Option<String> {
    let filled = text.lines().filter(|line| !line.trim().is_empty()).count();
    let mut kept = String::new();
    let (mut place, mut head, mut is_changed) = (0, 0, false);
    for line in text.lines() {
        let trimmed = line.trim();
        if !trimmed.is_empty() {
            place += 1;
            if is_label(trimmed, head < HEAD, place + TAIL > filled) {
                is_changed = true;
                continue;
            }
            head += 1;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    is_changed.then(|| kept.trim_matches('\n').to_owned())
}

/// The day under a notice or a judgment, below who gave it.
fn is_day_of_signature(line: &str) -> bool {
    static DAY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日$").expect("the pattern is fixed"));
    line.len() < "2000年10月10日".len() + 1 && line.ends_with('日') && DAY.is_match(line)
}

fn is_label(line: &str, is_head: bool, is_tail: bool) -> bool {
    if !is_head && is_day_of_signature(line) {
        return false;
    }
    if line.len() > LONGEST_NOTICE * 3 {
        return false;
    }
    let chars = line.chars().count();
    if chars <= LONGEST_LABEL && (ANYWHERE.is_match(line) || ((is_head || is_tail) && AT_THE_ENDS.is_match(line))) {
        return true;
    }
    is_tail && chars <= LONGEST_NOTICE && NOTICE.is_match(line)
}
