//! Chinese postal addresses: a chain from province or city over district and road down to a number.
//!
//! A heuristic: the chain begins at a known province or city, or behind a word such as `住址`, and counts only with a
//! road, village or estate and a number of house or room.

use std::sync::LazyLock;

use regex::Regex;

use super::detector::Candidate;
use super::kind::Kind;

/// Provinces and frequent cities at the head of addresses (GB/T 2260).
const HEADS: &str = "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|广州|深圳|杭州|南京|苏州|成都|武汉|西安|郑州|长沙|青岛|大连|宁波|厦门|沈阳|济南|哈尔滨|长春|石家庄|太原|合肥|福州|南昌|昆明|贵阳|南宁|海口|兰州|西宁|银川|乌鲁木齐|拉萨|呼和浩特|无锡|常州|徐州|南通|扬州|温州|嘉兴|绍兴|金华|台州|东莞|佛山|珠海|中山|惠州|汕头|烟台|潍坊|临沂|洛阳|唐山|保定|泉州|芜湖|绵阳|宜昌|襄阳|株洲|柳州|桂林";
const LABELS: &str = "(?:住址|地址|住所地|住所|家住|现住|户籍地|户籍所在地|住在|住|位于)[：: 为是在（(]{0,2}";

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    let han = r"\p{Han}";
    let head = format!(
        "(?:(?P<head>(?:{HEADS})(?:省|市|自治区|特别行政区|壮族自治区|回族自治区|维吾尔自治区)?)|{LABELS}(?P<told>{han}{{2,6}}?(?:省|市|自治州|区|县)))"
    );
    let middle = format!(
        "(?:{han}{{1,8}}?(?:自治州|地区|新区|开发区|市|州|盟|区|县|旗)){{0,3}}(?:{han}{{1,8}}?(?:街道|镇|乡|社区))?"
    );
    let road = format!(
        r"(?:[{han}0-9０-９A-Za-z]{{1,12}}?(?:大道|大街|公路|胡同|小区|花园|新村|家园|公寓|大厦|广场|路|街|道|巷|弄|里|条|村|苑|城|庄|园)(?:[东南西北中]?[一二三四五六]?段)?){{1,3}}"
    );
    let number = r"[0-9０-９A-Za-z一二三四五六七八九十百甲乙丙丁东西南北\-－—]{1,8}";
    let tail =
        format!("(?:附?{number}(?:号院|号楼|号|弄|栋|幢|座|单元|楼|层|室|户|组|门|房))+(?:[0-9０-９]{{2,5}}室?)?");
    Regex::new(&format!("{head}{middle}{road}{tail}")).expect("the pattern is written above")
});

/// Addresses with a road or village and a number.
pub(super) fn find(text: &str, found: &mut Vec<Candidate>) {
    for capture in ADDRESS.captures_iter(text) {
        let whole = capture.get(0).expect("a match has itself");
        let head = capture.name("head").or_else(|| capture.name("told"));
        let start = head.map_or(whole.start(), |head| head.start());
        found.push(Candidate { kind: Kind::Address, start, end: whole.end(), score: 55, rule: "address" });
    }
}

#[cfg(test)]
mod tests {
    use super::super::detector::Detector;
    use super::super::kind::Kind;

    fn addresses(text: &str) -> Vec<&str> {
        let found = Detector::new(&[Kind::Address]).find(text);
        found.iter().map(|one| text.get(one.start..one.end).unwrap()).collect()
    }

    #[test]
    fn chains_are_found_whole() {
        for address in [
            "北京市海淀区中关村大街27号院3号楼2单元501室",
            "浙江省杭州市西湖区文三路478号",
            "上海市浦东新区张江镇碧波路690弄12号301室",
            "广东省深圳市南山区科技园南路8号A座1203室",
            "河南省兰考县东坝头乡张庄村3组12号",
            "四川省成都市武侯区天府大道中段1号",
        ] {
            assert_eq!(addresses(&format!("被告人王某，住{address}，汉族")), [address]);
        }
    }

    #[test]
    fn places_without_a_number_stay() {
        for text in ["北京市海淀区人民法院", "浙江省杭州市西湖区", "上海市第一中级人民法院", "广东省人民政府令第12号"]
        {
            assert!(addresses(text).is_empty(), "{text}: {:?}", addresses(text));
        }
    }
}
