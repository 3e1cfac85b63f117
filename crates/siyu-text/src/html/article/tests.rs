use proptest::prelude::*;

use super::*;

const LINE: &str = "这一段文字足够长，可以算作一篇文章的正文，而不是页面上的菜单。";

fn text(html: &str) -> String {
    article(html, false).text
}

#[test]
fn the_frame_around_an_article_is_left_out() {
    let body = format!("<p>{LINE}</p>").repeat(6);
    let menu = "<ul class=nav><li><a href=/a>首页</a><li><a href=/b>新闻</a></ul>";
    let page = format!("<html><body>{menu}<div id=content>{body}</div><div class=footer>版权所有</div>");
    assert_eq!(text(&page), [LINE; 6].join("\n"));
}

#[test]
fn a_box_that_a_script_will_show_is_not_hidden() {
    let page = format!("<body><div style='visibility: hidden'><p>{LINE}</p></div><div style='display:none'>提示</div>");
    assert_eq!(text(&page), LINE);
}

#[test]
fn text_without_markup_is_its_own_article() {
    assert_eq!(text("a > b\n\n甲，乙"), "a > b\n\n甲，乙");
    assert_eq!(text("甲，乙\n\n责任编辑：丙"), "甲，乙\n\n责任编辑：丙");
    assert_eq!(text("甲 < 乙，见<b>第三条</b>\n\n责任编辑：丙"), "甲 < 乙，见第三条\n\n责任编辑：丙");
    assert_eq!(text(""), "");
}

#[test]
fn labels_of_sites_go_and_sentences_stay() {
    let lines =
        format!("发布时间：2024-01-02\n{LINE}\n来源地在山里，至今没有通车。\n（责任编辑：某某）\n扫一扫关注我们");
    let expected = format!("{LINE}\n来源地在山里，至今没有通车。");
    assert_eq!(boilerplate::without_labels(&lines), Some(expected));
    assert_eq!(boilerplate::without_labels(LINE), None);
}

#[test]
fn a_notice_keeps_its_small_table_and_the_day_it_was_signed() {
    let notice = "<table border=1><tr><td>序号<td>对象<td>标准<tr><td>1<td>公民<td>5000元以上<tr><td>2<td>法人<td>5万元以上</table>";
    let signed = "<p>某市人民政府</p><p>2021年7月15日</p>";
    let page = format!("<body><p>发布日期：2021-07-15</p><div><p>{LINE}</p>{notice}<p>{LINE}</p>{signed}</div>");
    let table = "序号\t对象\t标准\n1\t公民\t5000元以上\n2\t法人\t5万元以上";
    assert_eq!(text(&page), format!("{LINE}\n{table}\n{LINE}\n某市人民政府\n2021年7月15日"));
}

#[test]
fn the_time_of_a_post_is_no_author() {
    let post =
        format!("<em id=authorposton1>发表于 2022-3-1 10:11:12</em><a class=author>甲乙</a><div><p>{LINE}</p></div>");
    assert_eq!(article(&format!("<body>{post}"), true).author.as_deref(), Some("甲乙"));
}

#[test]
fn the_name_of_an_author_ends_with_its_block() {
    let author = |box_: &str| {
        let page = format!("<title>甲乙_某站</title><body><div class=author>{box_}</div><div><p>{LINE}</p></div>");
        article(&page, true).author
    };
    assert_eq!(author("<ul><li><a>张三</a><li>初级粉丝<li>3</ul>").as_deref(), Some("张三"));
    assert_eq!(author("<span>By</span> <a>Jane Roe</a>").as_deref(), Some("Jane Roe"));
    assert_eq!(author("<div>作者</div><div>李四</div>").as_deref(), Some("李四"));
    assert_eq!(author("记者：张三 李四").as_deref(), Some("张三 李四"));
    assert_eq!(author("本文来源：某社 责任编辑：王某"), None);
}

#[test]
fn a_heading_that_is_a_part_of_the_title_is_the_title() {
    let title = |title: &str, heading: &str| {
        article(&format!("<title>{title}</title><h1>{heading}</h1><div><p>{LINE}</p></div>"), true).title
    };
    assert_eq!(title("python - How to merge? - Some Site", "How to merge?").as_deref(), Some("How to merge?"));
    assert_eq!(title("合同法 - 某某百科，自由的百科全书", "合同法").as_deref(), Some("合同法"));
    let page = format!("<title>合同法 - 某某百科，自由的百科全书</title><body><h1>合同法</h1><div><p>{LINE}</p></div>");
    assert_eq!(text(&page), LINE);
}

#[test]
fn nested_and_unclosed_elements_neither_overflow_nor_hide_the_text() {
    for unit in
        ["<div>", "<p>", "<b>", "<li>", "<table><tr><td>", "<a href=x>", "<section class=comment>", "</div>", "<"]
    {
        let page = "<body>".to_owned() + &unit.repeat(20_000) + LINE;
        text(&page);
    }
    assert_eq!(text(&("<div>".repeat(20_000) + LINE)), LINE);
}

#[test]
fn a_page_says_who_wrote_it_when() {
    let page = "<title>春日 - 某站</title><meta property=article:published_time content=2024-04-05T08:00:00+08:00>\
        <script type=application/ld+json>{\"@graph\":[{\"author\":{\"name\":\"甲\"}}]}</script><p>x";
    let found = article(page, true);
    assert_eq!(found.title.as_deref(), Some("春日"));
    assert_eq!(found.author.as_deref(), Some("甲"));
    assert_eq!(found.date.as_deref(), Some("2024-04-05T08:00:00+08:00"));
    assert_eq!(article(page, false).title, None);
}

proptest! {
    #[test]
    fn no_document_panics(html in r#"(<|>|/|=|"|&|;|\PC|\s|<(p|/p|br|pre|td|tr|/tr|table|/table|li|ul|/ul|a href=x|/a|svg|/svg|script|/script|template|/template|title|h1|/h1|time datetime=2024|body|div class="share comment"|/div)>){0,80}"#) {
        article(&html, true);
    }
}
