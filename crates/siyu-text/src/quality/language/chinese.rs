//! Chinese in its forms, and its neighbours that share its characters.

use super::script::Tally;
use crate::quality::is_han;

/// Frequent characters that only simplified, or only traditional Chinese has, in pairs.
///
/// # Source
/// General List of Simplified Chinese Characters (1986), tables 1 to 3: pairs whose left side is no traditional character
/// in use.
const PAIRS: &str = "国國这這来來个個们們时時说說为為对對会會发發过過还還学學动動开開经經问問关關样樣点點现現业業应應见見电電\
    车車东東马馬书書长長门門无無实實头頭让讓给給话話两兩进進该該认認统統军軍报報战戰总總难難记記议議边邊觉覺张張别別处處务務\
    变變单單类類权權设設达達热熱爱愛义義条條办辦员員题題结結数數风風产產质質号號线線办辦导導计計区區亲親运運气氣远遠选選队隊\
    级級较較传傳规規术術论論约約红紅罗羅标標阳陽虽雖联聯谁誰许許写寫响響离離转轉团團银銀钱錢语語师師严嚴华華连連飞飛词詞\
    图圖听聽万萬与與专專丛叢丝絲丢丟严嚴丧喪临臨丽麗举舉乐樂乔喬习習乡鄉买買乱亂争爭亚亞亿億仅僅从從仓倉仪儀价價众眾优優\
    伟偉伤傷伦倫伪偽体體余餘侧側侦偵侨僑债債倾傾偿償储儲儿兒党黨兰蘭兴興养養兽獸冈岡册冊净淨减減凤鳳凭憑击擊创創则則刚剛\
    刘劉剑劍剧劇劝勸劳勞势勢励勵医醫协協卖賣卫衛厂廠厅廳历歷压壓厌厭县縣双雙叶葉吗嗎员員启啟听聽岁歲岂豈岛島币幣帅帥师師帐帳\
    帮幫带帶广廣庆慶库庫庄莊异異弃棄弯彎强強归歸当當录錄彻徹怀懷态態怜憐恋戀恶惡惊驚惯慣愿願戏戲户戶执執扩擴扫掃扬揚护護担擔\
    择擇拥擁挂掛挥揮损損换換据據摆擺敌敵断斷旧舊显顯晓曉暂暫术術机機杀殺杂雜极極构構枪槍树樹桥橋检檢楼樓欢歡残殘毕畢汉漢\
    汤湯沟溝没沒泽澤洁潔济濟测測浓濃渐漸温溫湾灣湿濕满滿灭滅灯燈灵靈烟煙烦煩烧燒爷爺牵牽犹猶狱獄独獨狮獅环環画畫疗療盖蓋盘盤\
    矿礦码碼础礎确確种種积積称稱稳穩穷窮竞競笔筆签簽简簡粮糧紧緊纪紀纯純纸紙练練组組细細终終绍紹绝絕继繼续續维維综綜绿綠\
    编編缘緣缩縮网網罚罰职職胜勝脑腦脸臉舰艦艰艱节節苏蘇荣榮药藥获獲营營蓝藍虑慮虫蟲补補装裝览覽观觀订訂训訓讯訊讲講访訪证證\
    评評识識诉訴诊診译譯试試诗詩诚誠详詳误誤请請诸諸课課调調谈談谢謝贝貝负負贡貢财財责責败敗货貨购購贯貫贵貴费費贸貿资資赏賞\
    赔賠赛賽赞贊赵趙趋趨跃躍轮輪软軟轻輕载載辆輛输輸辞辭迁遷违違迟遲适適逻邏遗遺邓鄧邮郵郑鄭释釋鉴鑒针針钢鋼钟鐘铁鐵铜銅\
    销銷锁鎖错錯键鍵镇鎮镜鏡闭閉间間闲閒闻聞阅閱阵陣阶階际際陆陸陈陳险險随隨隐隱雾霧静靜顶頂项項顺順须須顾顧预預领領频頻颗顆\
    额額颜顏飘飄饭飯饮飲饰飾馆館驱驅驶駛驻駐验驗骗騙鱼魚鲁魯鲜鮮鸟鳥鸡雞鸣鳴麦麥黄黃齐齊齿齒龙龍龟龜";

/// Words of the spoken language in writing; classical Chinese has none of them.
const MODERN: &str = "的了是们們这這吗嗎呢吧啊哪怎您她它把被很给給让讓还還没沒个個着么麼什";

/// Particles and pronouns of classical Chinese.
const CLASSICAL: &str = "之乎也矣焉哉兮曰而乃夫吾汝孰亦遂豈岂弗皆";

/// Fewest Han characters that classical Chinese is told by.
const CLASSICAL_LEAST: u64 = 12;
/// Characters looked at.
const SAMPLE: usize = 4000;

/// The language of a text mostly in Han, kana or Hangul, and how clearly.
pub(super) fn detect(text: &str, tally: &Tally) -> (&'static str, f64) {
    let all = (tally.han + tally.kana + tally.hangul) as f64;
    if tally.hangul > tally.han + tally.kana {
        return ("ko", tally.hangul as f64 / all);
    }
    // Japanese without a tenth of kana is rare beyond names; Chinese that quotes so much is rarer.
    let kana = tally.kana as f64 / all;
    if kana >= 0.1 {
        return ("ja", (0.5 + kana).min(1.0));
    }
    let marks = Marks::of(text);
    let clarity = 1.0 - kana;
    if is_classical(text, &marks) {
        return ("lzh", clarity * 0.8);
    }
    let (simplified, traditional) = (marks.simplified as f64, marks.traditional as f64);
    // Characters that both have in common say nothing; most of what is written is simplified.
    let tag = if traditional > simplified { "zh-Hant" } else { "zh-Hans" };
    let lead = (simplified.max(traditional) + 1.0) / (simplified + traditional + 1.0);
    (tag, clarity * lead)
}

#[derive(Default)]
struct Marks {
    han: u64,
    simplified: u64,
    traditional: u64,
    modern: u64,
    classical: u64,
}

impl Marks {
    fn of(text: &str) -> Self {
        let table = &*TABLE;
        let mut marks = Self::default();
        for character in text.chars().filter(|&character| is_han(character)).take(SAMPLE) {
            marks.han += 1;
            let bits = usize::try_from(u32::from(character)).ok().and_then(|code| table.get(code.wrapping_sub(FIRST)));
            let bits = bits.copied().unwrap_or(0);
            marks.simplified += u64::from(bits & 1);
            marks.traditional += u64::from(bits >> 1 & 1);
            marks.modern += u64::from(bits >> 2 & 1);
            marks.classical += u64::from(bits >> 3 & 1);
        }
        marks
    }
}

/// First code point of the block that the table covers.
const FIRST: usize = 0x4E00;

/// For each character of the block: 1 simplified, 2 traditional, 4 modern, 8 classical.
static TABLE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
    let mut table = vec![0u8; 0x5200];
    let mut set = |character: char, bit: u8| {
        let place = usize::try_from(u32::from(character)).ok().and_then(|code| code.checked_sub(FIRST));
        if let Some(entry) = place.and_then(|place| table.get_mut(place)) {
            *entry |= bit;
        }
    };
    let pairs: Vec<char> = PAIRS.chars().filter(|&character| is_han(character)).collect();
    for pair in pairs.chunks_exact(2).filter(|pair| pair[0] != pair[1]) {
        set(pair[0], 1);
        set(pair[1], 2);
    }
    MODERN.chars().for_each(|character| set(character, 4));
    CLASSICAL.chars().for_each(|character| set(character, 8));
    table
});

/// Whether a text is classical Chinese: full of its particles without the modern ones, or verse in even lines.
fn is_classical(text: &str, marks: &Marks) -> bool {
    if marks.han < CLASSICAL_LEAST {
        return false;
    }
    let share = |count: u64| count as f64 / marks.han as f64;
    // One particle is a set phrase of modern Chinese, as in 因而 or 之一.
    (share(marks.modern) < 0.01 && marks.classical > 1 && share(marks.classical) >= 0.06)
        || (share(marks.modern) < 0.08 && is_verse(text))
}

/// Whether at least four stretches between marks are nearly all of five or all of seven characters.
fn is_verse(text: &str) -> bool {
    let (mut lengths, mut all) = ([0u32; 8], 0u32);
    let stretches = text.split(|character: char| !is_han(character)).filter(|stretch| !stretch.is_empty());
    for stretch in stretches.take(400) {
        let length = stretch.chars().take(8).count();
        if let Some(count) = lengths.get_mut(length) {
            *count += 1;
        }
        all += 1;
    }
    all >= 4 && [5, 7].iter().any(|&length| lengths[length] * 10 >= all * 9)
}
