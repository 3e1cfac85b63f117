"""Writes tests/fixtures/articles/*.html and *.json: invented pages built as well-known kinds of Chinese site build them.

Each JSON holds the article's text, line by line, and the title, author and date that the page gives.
Run from crates/siyu-text: python3 scripts/article_pages.py
"""

import json
import pathlib

FOLDER = pathlib.Path(__file__).parent.parent / "tests/fixtures/articles"

NEWS = [
    "本报临江十月三日电（记者 林晓舟）记者从临江市水务局获悉，历时三年的清溪河综合治理工程日前全线完工，沿岸八个街道、二十余万居民的排水条件明显改善。",
    "据介绍，工程共新建雨污分流管网一百二十六公里，改造泵站十四座，清理河道淤泥约四十万立方米。治理后，河水的溶解氧、氨氮等主要指标稳定达到地表水三类标准。",
    "“以前一到夏天就不敢开窗，现在早晚都有人来河边散步。”家住清溪桥头的老人说。",
    "水务局相关负责人表示，下一步将建立河道巡查员制度，每五百米设一名巡查员，并把水质数据按月公开，接受社会监督。",
    "专家认为，城市内河治理贵在长久，管网建成只是第一步，后续养护的经费和人手同样要落实。",
]
BLOG = [
    "最近把家里的小服务器从机械硬盘换成了固态硬盘，顺便把文件系统也换了，记录一下过程，免得下次又忘。",
    "先说结论：随机读写快了大约二十倍，开机时间从一分半降到了十五秒，最重要的是终于安静了。",
    "第一步是备份。我用的是增量备份工具，第一次全量备份花了六个小时，之后每天只要几分钟，非常省心。",
    "rsync -aHAX --delete /srv/ /mnt/backup/srv/",
    "第二步是分区。新盘只分了两个区，一个给引导，剩下的全部给数据。这里要注意四千字节对齐，否则写入性能会打折扣。",
    "最后是恢复和检查。恢复之后别急着删旧盘，先跑一周看看日志里有没有报错，再决定旧盘的去处。",
]
WECHAT = [
    "每年秋天，我都会想起外婆的那棵柿子树。它长在老屋的后院，树干粗得要两个孩子才能合抱。",
    "外婆说，这棵树是她嫁过来那年种下的，到我记事的时候，它已经五十多岁了。",
    "霜降一过，柿子就红了。外公搬来长梯，用竹竿套着网兜，一个一个地摘，从来不许我们摇树。",
    "摘下来的柿子，一半送给邻居，一半挂在屋檐下做柿饼。那一串串的橙红色，是我对丰收最早的记忆。",
    "后来老屋拆了，树也不在了。可每次在市场里看见柿子，我总要停下来，挑几个最红的带回家。",
]
BAIKE = [
    "青瓦渡是位于江南丘陵东部的一座古渡口，始建于宋代，因渡口两岸民居多以青瓦覆顶而得名，今为省级文物保护单位。",
    "渡口现存码头石阶七十二级，碑刻九通，以及清代重修的渡亭一座。",
    "历史沿革",
    "宋绍兴年间，邑人捐资修筑石阶，始有官渡。元末毁于兵火，明洪武初年重建，设渡夫六名，免其徭役。",
    "清乾隆三十一年，知县主持重修，并立碑记其事。民国时期公路通车，渡口渐趋冷落。",
    "建筑特色",
    "渡亭为四角攒尖顶，面阔三间，进深两间，梁架用当地杉木，柱础刻莲瓣纹，保存较为完整。",
    "石阶以条石错缝砌筑，中段设歇脚平台两处，平台边缘凿有系缆孔，至今可见绳索磨痕。",
]
DOCS = [
    "配置文件",
    "程序启动时读取当前目录下的配置文件。没有配置文件时使用默认值，不会报错；配置文件有语法错误时，程序打印行号并退出。",
    "基本结构",
    "配置文件由若干个小节组成，每个小节以方括号中的名字开头，后面是键值对。键名区分大小写，值的类型由键决定。",
    "[server]",
    "port = 8080",
    "workers = 4",
    "环境变量",
    "任何一个键都可以用环境变量覆盖，变量名由前缀、小节名和键名用下划线连接而成，全部大写。环境变量的优先级高于配置文件，低于命令行参数。",
    "命令行参数请参考命令行手册，那里列出了所有参数和它们的默认值。",
]
POSTS = [
    "最近想给老房子换窗户，断桥铝的报价从四百到一千二都有，差别到底在哪里？有没有懂行的朋友说说，先谢过了。",
    "主要看型材壁厚和五金件。国标壁厚是一点八毫米，便宜的往往只有一点四，几年以后窗扇就会下垂，关不严。",
    "楼上说得对，另外玻璃也要看，中空层要充氩气，胶条要三元乙丙的，不然冬天照样漏风。",
    "我家去年换的，六百八一平，用到现在没有问题。建议多跑几家门店，让他们把型材截面拿给你看。",
    "补充一点，安装比窗户本身还重要，打发泡胶之前一定要看着他们把洞口清理干净，不然白花钱。",
]
ENGLISH = [
    "The harbour office said on Monday that the old swing bridge will reopen in spring, two years after a barge struck its central pier and closed the only road to the northern quays.",
    "Engineers replaced eleven steel girders, rebuilt the turning gear and added sensors that report the load on each bearing, according to the office.",
    "“People here had to take a forty-minute detour to buy bread,” said one shopkeeper, whose street lies just beyond the bridge.",
    "The work cost nine million, a third less than the estimate, because most of the original masonry turned out to be sound.",
]


def paragraphs(lines, tag="p", indent="　　"):
    return "\n".join(f"<{tag}>{indent}{line}</{tag}>" for line in lines)


HOT = ["临江地铁三号线年底试运行 沿线房价如何走", "国庆假期全市接待游客三百万人次", "这五种早餐搭配，营养师都说好", "秋季开学第一课：交警走进校园", "老旧小区加装电梯有新规 十月起施行", "降温了！未来三天最低气温跌破十度"]


def links(items, tag="li", inner=""):
    return "\n".join(f'<{tag}><a href="/c/{n}.html" target="_blank">{text}</a>{inner}</{tag}>' for n, text in enumerate(items))


def portal_news():
    body = paragraphs(NEWS[:3]) + '<div class="img_wrapper"><img src="a.jpg" alt="图"></div>' + paragraphs(NEWS[3:])
    return f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>清溪河治理工程全线完工 二十万居民受益_新闻中心_临江网</title>
<meta name="keywords" content="清溪河,治理"><meta property="og:title" content="清溪河治理工程全线完工 二十万居民受益">
<meta property="article:published_time" content="2024-10-03T15:20:11+08:00"><meta property="article:author" content="临江日报">
<style>.a{{}}</style><script>var a='<div>x</div>';</script></head>
<body><div class="top-nav"><ul>{links(["首页", "新闻", "财经", "体育", "娱乐", "科技", "汽车", "房产", "教育", "健康"])}</ul><a href="/login">登录</a> <a href="/reg">注册</a></div>
<div class="path-search"><div class="path"><a href="/">新闻中心</a> &gt; <a href="/c">国内新闻</a> &gt; 正文</div><form action="/s"><input name="q"><input type="submit" value="搜索"></form></div>
<h1 class="main-title">清溪河治理工程全线完工 二十万居民受益</h1>
<div class="top-bar-wrap"><div class="date-source"><span class="date">2024年10月03日 15:20</span> <a class="source" href="/s">临江日报</a></div><div class="page-tools"><span>缩小字体</span><span>放大字体</span><a href="#">收藏</a><a href="#">微博</a><a href="#">微信</a><a href="#">分享</a></div></div>
<div class="article-content clearfix"><div class="article-content-left">
<div class="article" id="artibody">
{body}
<p class="show_author">责任编辑：陈一鸣 SN123</p>
</div>
<div class="keywords"><span>关键字 :</span> <a href="/k">清溪河</a> <a href="/k">水务</a></div>
<div class="article-bottom"><p>我要反馈</p><div class="share">分享到：<a>微信</a><a>微博</a><a>QQ空间</a></div></div>
<div class="new_style_article"><h2>相关新闻</h2><ul>{links(HOT)}</ul></div>
<div class="comment-wrap"><h3>网友评论</h3><div class="comment-item"><b>热心网友</b><p>这条河我小时候还能游泳，后来就不行了，希望这次治理能坚持下去，不要搞一阵风。</p></div><div class="comment-item"><b>江边人</b><p>支持！建议把沿河步道也修一修，晚上没有路灯，走起来很不方便，老人容易摔倒。</p></div></div>
</div><div class="article-content-right"><div class="hot"><h3>点击排行</h3><ul>{links(HOT[::-1])}</ul></div></div></div>
<div class="footer"><p>临江网版权所有，未经许可不得转载。违法和不良信息举报电话：000-00000000</p><p>关于我们 | 联系我们 | 网站地图 | 京ICP备00000000号</p></div>
</body></html>"""


def party_paper():
    body = "".join(f"<P>　　{line}</P>\n" for line in NEWS)
    return f"""<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312">
<title>清溪河治理工程全线完工--地方--临江日报网</title><meta name="publishdate" content="2024-10-03"><meta name="source" content="来源：临江日报"></head>
<body><table width="1000" align="center"><tr><td><a href="/">首页</a></td><td><a href="/a">要闻</a></td><td><a href="/b">评论</a></td><td><a href="/c">理论</a></td><td><a href="/d">专题</a></td></tr></table>
<table width="1000" align="center"><tr><td>您当前的位置：<a href="/">临江日报网</a> >> <a href="/x">地方</a></td></tr></table>
<table width="1000" align="center"><tr><td width="700" valign="top">
<h1 align="center">清溪河治理工程全线完工</h1>
<p align="center">2024年10月03日08:12　来源：<a href="/">临江日报</a>　作者：林晓舟</p>
<div align="center">【字号 <a href="#">大</a> <a href="#">中</a> <a href="#">小</a>】 <a href="javascript:print()">打印</a> <a href="#">留言</a> <a href="#">论坛</a></div>
<div class="text_con">{body}</div>
<p align="right">(责编：王小川、李文)</p>
<p>扫一扫，关注临江日报微信公众号，更多精彩内容等着你</p>
<table><tr><td>上一篇：<a href="/1">我市启动秋季植树活动</a></td><td>下一篇：<a href="/2">图书馆延长开放时间</a></td></tr></table>
</td><td width="280" valign="top"><b>热门排行</b><br>{"".join(f'<a href="/h{n}">{text}</a><br>' for n, text in enumerate(HOT))}</td></tr></table>
<table width="1000" align="center"><tr><td align="center">Copyright &copy; 2000-2024 临江日报网 All Rights Reserved</td></tr></table></body></html>"""


def portal_breaks():
    return f"""<!doctype html><html><head><meta charset=utf-8><title>清溪河治理工程全线完工 - 临江在线</title></head><body>
<div id="header"><div class="logo">临江在线</div><div class="menu">{links(["新闻", "社区", "视频", "房产"], "span")}</div></div>
<div class="wrap"><div class="left"><div class="title"><h2>清溪河治理工程全线完工</h2></div>
<div class="info">发布时间：2024-10-03 09:30:00&nbsp;&nbsp;来源：临江在线&nbsp;&nbsp;作者：林晓舟&nbsp;&nbsp;浏览：1024次</div>
<div class="con" id="zoom">{"<br><br>".join("　　" + line for line in NEWS)}<br><br></div>
<div class="declare">【版权声明】本网注明来源为临江在线的稿件，均为转载稿，本网转载出于传递更多信息之目的，并不意味着赞同其观点或证实其内容的真实性。如涉及版权等问题，请与我们联系。</div>
<div class="about"><b>相关阅读</b>{"".join(f'<p><a href="/r{n}">{text}</a></p>' for n, text in enumerate(HOT))}</div></div>
<div class="right"><dl>{links(HOT, "dd")}</dl></div></div><div id="foot">临江在线 版权所有 ICP备00000000号</div></body></html>"""


def wechat():
    body = "".join(
        f'<section style="margin: 0 8px;line-height: 1.75em;"><span style="font-size: 15px;letter-spacing: 1px;">{line}</span></section><section><br/></section>'
        for line in WECHAT
    )
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><meta property="og:title" content="外婆的柿子树" /><meta name="author" content="陆小满" /><meta property="og:article:author" content="陆小满" />
<title></title><script>var publish_time = "2023-11-08" || "";var ct="1699401600";</script></head>
<body id="activity-detail" class="zh_CN wx_wap_page"><div id="js_article" class="rich_media"><div class="rich_media_inner"><div id="page-content" class="rich_media_area_primary"><div class="rich_media_area_primary_inner"><div id="img-content" class="rich_media_wrp">
<h1 class="rich_media_title" id="activity-name">外婆的柿子树</h1>
<div id="meta_content" class="rich_media_meta_list"><span class="rich_media_meta rich_media_meta_text">陆小满</span><span class="rich_media_meta rich_media_meta_nickname" id="profileBt"><a href="javascript:void(0);" id="js_name">慢时光读书会</a></span><em id="publish_time" class="rich_media_meta rich_media_meta_text">2023-11-08 08:00</em></div>
<div class="rich_media_content js_underline_content" id="js_content" style="visibility: hidden; opacity: 0; ">{body}<section style="text-align: center;"><img data-src="x.png" src="data:,"></section></div>
<div class="rich_media_tool"><a id="js_view_source" href="#">阅读原文</a> <span>阅读 10万+</span> <span>在看</span> <span>赞</span></div>
</div></div></div></div></div>
<div id="js_pc_qr_code" class="qr_code_pc_outer" style="display:none;"><p>微信扫一扫<br>关注该公众号</p></div>
<div class="weui-dialog" style="display:none"><p>继续滑动看下一个</p><p>轻触阅读原文</p></div><script>window.x = "<p>y</p>";</script></body></html>"""


def cn_blog():
    body = "".join(f"<pre><code class=\"language-bash\">{line}</code></pre>" if line.startswith("rsync") else f"<p>{line}</p>" for line in BLOG)
    return f"""<!DOCTYPE html><html lang="zh-cn"><head><meta charset="utf-8"/><title>给小服务器换固态硬盘 - 山中一夜 - 博客园子</title></head><body class="skin-x">
<div id="home"><div id="header"><div id="blogTitle"><h1><a href="/">山中一夜</a></h1><h2>折腾与记录</h2></div><div id="navigator"><ul id="navList"><li><a href="/">首页</a></li><li><a href="/n">新随笔</a></li><li><a href="/c">联系</a></li><li><a href="/a">管理</a></li></ul><div class="blogStats">随笔 - 120 文章 - 0 评论 - 88</div></div></div>
<div id="main"><div id="mainContent"><div class="forFlow"><div id="post_detail"><div id="topics"><div class="post">
<h1 class="postTitle"><a id="cb_post_title_url" href="/p/1.html">给小服务器换固态硬盘</a></h1><div class="clear"></div>
<div class="postBody"><div id="cnblogs_post_body" class="blogpost-body">{body}</div><div class="clear"></div>
<div id="blog_post_info"><div id="BlogPostCategory">分类: <a href="/t">服务器</a></div><div id="EntryTag">标签: <a href="/t">硬盘</a>, <a href="/t">备份</a></div><div id="green_channel"><a>好文要顶</a><a>关注我</a><a>收藏该文</a></div></div></div>
<div class="postDesc">posted @ <span id="post-date">2022-05-14 21:36</span>&nbsp;<a href="/">山中一夜</a>&nbsp;阅读(<span>356</span>)&nbsp;评论(<span>2</span>)&nbsp;<a>编辑</a> <a>收藏</a> <a>举报</a></div></div></div></div>
<div id="comment_form" class="commentform"><div class="feedbackItem"><div class="feedbackListSubtitle"><a>#1楼</a> 2022-05-15 09:00 <a>老张</a></div><div class="blog_comment_body">写得很详细，我也打算换，请问电源够用吗？另外机箱散热怎么样，夏天会不会太热？</div></div></div></div></div>
<div id="sideBar"><div id="sideBarMain"><h3>最新随笔</h3><ul>{links(["自己编译一个输入法词库", "路由器刷机后的几个小问题", "把旧手机改成监控摄像头"])}</ul><h3>阅读排行榜</h3><ul>{links(["把旧手机改成监控摄像头(3021)", "路由器刷机后的几个小问题(2876)"])}</ul></div></div></div>
<div id="footer">Copyright &copy; 2024 山中一夜<br/>Powered by .NET on Kubernetes</div></div></body></html>"""


def wordpress():
    body = "".join(f"<pre>{line}</pre>" if line.startswith("rsync") else f"<p>{line}</p>\n" for line in BLOG)
    return f"""<!DOCTYPE html><html lang="zh-CN"><head><meta charset="UTF-8"><title>给小服务器换固态硬盘 &#8211; 山中一夜</title>
<script type="application/ld+json">{{"@context":"https://schema.org","@graph":[{{"@type":"WebSite","name":"山中一夜"}},{{"@type":"BlogPosting","headline":"给小服务器换固态硬盘","datePublished":"2022-05-14T21:36:00+08:00","author":{{"@type":"Person","name":"秦山"}}}}]}}</script></head>
<body class="post-template-default single single-post"><header id="masthead" class="site-header"><p class="site-title"><a href="/">山中一夜</a></p><nav id="site-navigation" class="main-navigation"><ul>{links(["首页", "归档", "关于"])}</ul></nav></header>
<div id="content" class="site-content"><main id="main" class="site-main"><article id="post-12" class="post type-post hentry category-server"><header class="entry-header"><h1 class="entry-title">给小服务器换固态硬盘</h1><div class="entry-meta"><span class="posted-on">发表于<a href="/p"><time class="entry-date published" datetime="2022-05-14T21:36:00+08:00">2022年5月14日</time></a></span><span class="byline">由<a class="url fn n" href="/author">秦山</a></span></div></header>
<div class="entry-content">{body}<div class="sharedaddy sd-sharing-enabled"><h3>分享到：</h3><ul><li><a href="#">微博</a></li><li><a href="#">邮件</a></li></ul></div></div>
<footer class="entry-footer"><span class="cat-links">分类：<a href="/c">服务器</a></span><span class="tags-links">标签：<a href="/t">硬盘</a></span></footer></article>
<nav class="navigation post-navigation"><div class="nav-previous"><a href="/p1">上一篇文章 路由器刷机后的几个小问题</a></div><div class="nav-next"><a href="/p2">下一篇文章 自己编译一个输入法词库</a></div></nav>
<div id="comments" class="comments-area"><h2 class="comments-title">《给小服务器换固态硬盘》有2个想法</h2><ol class="comment-list"><li class="comment"><article class="comment-body"><div class="comment-content"><p>写得很详细，我也打算换，请问电源够用吗？另外机箱散热怎么样，夏天会不会太热？期待后续更新。</p></div></article></li></ol><form id="commentform"><label>评论</label><textarea></textarea><input type="submit" value="发表评论"></form></div></main>
<aside id="secondary" class="widget-area"><section class="widget"><h2>近期文章</h2><ul>{links(["自己编译一个输入法词库", "路由器刷机后的几个小问题"])}</ul></section></aside></div>
<footer id="colophon" class="site-footer"><div class="site-info"><a href="/">自豪地采用WordPress</a></div></footer></body></html>"""


def baike():
    def section(title, lines):
        return f'<div class="para-title level-2"><h2 class="title-text">{title}</h2><a class="edit-icon">编辑</a></div>' + "".join(f'<div class="para" label-module="para">{line}<sup class="sup--normal">[1]</sup></div>' for line in lines)

    return f"""<!DOCTYPE html><html><head><meta charset="UTF-8"><title>青瓦渡_百科词条</title></head><body class="wiki-lemma normal">
<div class="header-wrapper"><div class="topbar"><ul>{links(["网页", "新闻", "贴吧", "知道", "音乐", "图片", "视频", "地图", "文库"])}</ul></div><div class="search"><form><input><button>进入词条</button></form></div></div>
<div class="navbar-wrapper"><div class="navbar-bg"><dl>{links(["首页", "分类", "秒懂百科", "特色百科", "用户", "权威合作"], "dd")}</dl></div></div>
<div class="body-wrapper"><div class="content-wrapper"><div class="content"><div class="main-content">
<dl class="lemmaWgt-lemmaTitle"><dd class="lemmaWgt-lemmaTitle-title"><h1>青瓦渡</h1><a class="edit-lemma">编辑</a><a class="lock">讨论</a></dd></dl>
<div class="lemma-summary" label-module="lemmaSummary"><div class="para">{BAIKE[0]}</div><div class="para">{BAIKE[1]}</div></div>
<div class="lemmaWgt-lemmaCatalog"><div class="lemma-catalog"><h2 class="block-title">目录</h2><ol><li><a href="#1">历史沿革</a></li><li><a href="#2">建筑特色</a></li></ol></div></div>
{section(BAIKE[2], BAIKE[3:5])}{section(BAIKE[5], BAIKE[6:8])}
<dl class="lemma-reference collapse"><dt class="reference-title">参考资料</dt><dd class="reference-list-wrapper"><ul class="reference-list"><li class="reference-item">1. <a href="/r">青瓦渡重修碑记考</a> ．地方志网 [引用日期2020-01-01]</li></ul></dd></dl></div>
<div class="side-content"><div class="summary-pic"><img src="a.jpg"></div><dl class="side-box lemma-statistics"><dt>词条统计</dt><dd><ul><li>浏览次数：12345次</li><li>编辑次数：12次<a>历史版本</a></li></ul></dd></dl></div></div></div></div>
<div class="wgt-footer-main"><div class="content"><dl><dt>新手上路</dt><dd>{links(["成长任务", "编辑入门", "编辑规则"], "span")}</dd></dl><p class="copyright">©2024 百科 使用前必读 | 百科协议 | 隐私政策</p></div></div></body></html>"""


def docs():
    return f"""<!DOCTYPE html><html lang="zh"><head><meta charset="utf-8"><title>配置文件 — 某工具 2.1 文档</title></head><body class="wy-body-for-nav"><div class="wy-grid-for-nav"><nav class="wy-nav-side"><div class="wy-side-scroll"><div class="wy-side-nav-search"><a href="/">某工具</a><form><input placeholder="在文档中搜索"></form></div><div class="wy-menu wy-menu-vertical" role="navigation"><ul class="current"><li class="toctree-l1"><a href="/a">安装</a></li><li class="toctree-l1 current"><a href="#">配置文件</a><ul><li><a href="#a">基本结构</a></li><li><a href="#b">环境变量</a></li></ul></li><li class="toctree-l1"><a href="/c">命令行手册</a></li></ul></div></div></nav>
<section class="wy-nav-content-wrap"><nav class="wy-nav-top"><a href="/">某工具</a></nav><div class="wy-nav-content"><div class="rst-content"><div role="navigation" aria-label="Page navigation"><ul class="wy-breadcrumbs"><li><a href="/">主页</a></li><li class="breadcrumb-item active">配置文件</li><li class="wy-breadcrumbs-aside"><a href="/s">查看页面源码</a></li></ul><hr></div>
<div role="main" class="document"><div itemprop="articleBody"><section id="cfg"><h1>{DOCS[0]}<a class="headerlink" href="#cfg" title="永久链接">¶</a></h1><p>{DOCS[1]}</p><section id="a"><h2>{DOCS[2]}<a class="headerlink" href="#a">¶</a></h2><p>{DOCS[3]}</p><div class="highlight-ini notranslate"><div class="highlight"><pre><span></span><span class="k">{DOCS[4]}</span>
<span class="na">port</span> <span class="o">=</span> <span class="s">8080</span>
<span class="na">workers</span> <span class="o">=</span> <span class="s">4</span>
</pre></div></div></section><section id="b"><h2>{DOCS[7]}<a class="headerlink" href="#b">¶</a></h2><p>{DOCS[8]}</p><p>命令行参数请参考<a class="reference internal" href="/c">命令行手册</a>，那里列出了所有参数和它们的默认值。</p></section></section></div></div>
<footer><div class="rst-footer-buttons" role="navigation"><a href="/a" class="btn">上一页</a><a href="/c" class="btn">下一页</a></div><hr><div role="contentinfo"><p>&#169; 版权所有 2024, 某工具开发组。</p></div>利用 <a href="/">Sphinx</a> 构建</footer></div></div></section></div></body></html>"""


def discuz():
    def post(n, text):
        return f"""<div id="post_{n}"><table id="pid{n}" class="plhin" cellspacing="0" cellpadding="0"><tr><td class="pls" rowspan="2"><div class="pls favatar"><div class="pi"><div class="authi"><a href="/u{n}" class="xw1">用户{n}号</a></div></div><div class="tns"><table><tr><th><p><a>12</a></p>主题</th><th><p><a>345</a></p>帖子</th><td><p><a>678</a></p>积分</td></tr></table></div><p><em><a>高级会员</a></em></p></div></td>
<td class="plc"><div class="pi"><strong><a href="#pid{n}">{n}<sup>#</sup></a></strong><div class="pti"><div class="authi"><em id="authorposton{n}">发表于 2021-3-{n} 10:2{n}</em><span class="pipe">|</span><a href="/only" rel="nofollow">只看该作者</a></div></div></div><div class="pct"><div class="pcb"><div class="t_fsz"><table cellspacing="0" cellpadding="0"><tr><td class="t_f" id="postmessage_{n}">{text}</td></tr></table></div></div></div></td></tr>
<tr><td class="plc plm"></td></tr><tr><td class="pls"></td><td class="plc"><div class="po hin"><div class="pob cl"><em><a class="fastre" href="/reply">回复</a></em><p><a>使用道具</a><a>举报</a></p></div></div></td></tr></table></div>"""

    return f"""<!DOCTYPE html><html><head><meta charset="gbk"><title>老房子换断桥铝窗户求建议 - 装修讨论 - 临江论坛 - Powered by Discuz!</title></head><body id="nv_forum" class="pg_viewthread"><div id="toptb" class="cl"><div class="z"><a>设为首页</a><a>收藏本站</a></div></div><div id="hd"><div class="wp"><div id="nv"><ul>{links(["门户", "论坛", "家园", "导读", "排行榜"])}</ul></div></div></div>
<div id="wp" class="wp"><div id="pt" class="bm cl"><div class="z"><a href="/">论坛</a><em>›</em><a href="/f">生活</a><em>›</em><a href="/g">装修讨论</a><em>›</em><a href="/t">老房子换断桥铝窗户求建议</a></div></div>
<div id="ct" class="wp cl"><div id="pgt" class="pgs mbm cl"><div class="pgt"><div class="pg"><strong>1</strong><a>2</a><a>3</a><a class="nxt">下一页</a></div></div></div>
<div id="postlist" class="pl bm"><table cellspacing="0" cellpadding="0"><tr><td class="pls ptn pbn"><div class="hm ptn"><span class="xg1">查看:</span> <span class="xi1">1024</span><span class="pipe">|</span><span class="xg1">回复:</span> <span class="xi1">4</span></div></td><td class="plc ptm pbn vwthd"><h1 class="ts"><span id="thread_subject">老房子换断桥铝窗户求建议</span></h1></td></tr></table>
{"".join(post(n + 1, text) for n, text in enumerate(POSTS))}</div></div></div>
<div id="ft" class="wp cl"><div id="flk" class="y"><p><a>Archiver</a>|<a>手机版</a>|<a>小黑屋</a>|<strong><a>临江论坛</a></strong> ( 京ICP备00000000号 )</p></div><div id="frt"><p>Powered by <strong>Discuz!</strong> X3.4</p></div></div></body></html>"""


def thread():
    reply = "".join(
        f'<div id="r_{n}" class="cell"><table><tr><td width="48"><img class="avatar" src="a.png"></td><td width="10"></td><td><div class="fr"><span class="no">{n}</span></div><strong><a href="/m{n}" class="dark">user{n}</a></strong> <span class="ago">{n} 天前</span><div class="sep5"></div><div class="reply_content">{text}</div></td></tr></table></div>'
        for n, text in enumerate(POSTS[1:], 1)
    )
    return f"""<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>老房子换断桥铝窗户求建议 - 闲谈社区</title><meta property="article:published_time" content="2021-03-01T02:20:00Z"></head><body><div id="Top"><div class="content"><a href="/">闲谈社区</a><div class="tools"><a>首页</a><a>注册</a><a>登录</a></div></div></div>
<div id="Wrapper"><div class="content"><div id="Rightbar"><div class="box"><div class="cell">闲谈社区是一个关于分享和探索的地方</div><div class="inner"><a>现在注册</a></div></div></div><div id="Main"><div class="box"><div class="header"><a href="/">闲谈社区</a> › <a href="/go">装修</a><h1>老房子换断桥铝窗户求建议</h1><small class="gray"><a>momo</a> · 5 天前 · 1024 次点击</small></div><div class="cell"><div class="topic_content"><div class="markdown_body"><p>{POSTS[0]}</p></div></div></div></div>
<div class="box"><div class="cell"><span class="gray">4 条回复 • 2021-03-05</span></div>{reply}</div></div></div></div><div id="Bottom"><div class="content"><div class="inner">关于 · 帮助文档 · 隐私 · API · 1024 人在线</div></div></div></body></html>"""


def english_news():
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Swing bridge to reopen in spring | Harbour Times</title><meta name="author" content="Ida Quill"><script type="application/ld+json">[{{"@type":["NewsArticle"],"headline":"Swing bridge to reopen in spring","datePublished":"2023-02-06","author":[{{"@type":"Person","name":"Ida Quill"}}]}}]</script></head><body><header class="site-header"><nav><ul>{links(["Home", "World", "Sport", "Opinion"])}</ul></nav></header><main><article class="story"><h1>Swing bridge to reopen in spring</h1><p class="byline">By Ida Quill, <time datetime="2023-02-06T07:00:00Z">6 February 2023</time></p><div class="story-body">{"".join(f"<p>{line}</p>" for line in ENGLISH[:2])}<div class="newsletter-signup"><h3>Sign up to our newsletter</h3><p>Get the best stories, every morning, in your inbox.</p><form><input type="email"><button>Sign up</button></form></div>{"".join(f"<p>{line}</p>" for line in ENGLISH[2:])}</div><div class="related"><h2>Related articles</h2><ul>{links(["Ferry fares to rise again next month", "Why the northern quays flood every autumn"])}</ul></div></article></main><footer><p>© 2023 Harbour Times. All rights reserved. <a href="/t">Terms</a> <a href="/p">Privacy</a></p></footer></body></html>"""


PAGES = {
    "portal-news": (portal_news, NEWS, "清溪河治理工程全线完工 二十万居民受益", "临江日报", "2024-10-03T15:20:11+08:00"),
    "party-paper": (party_paper, NEWS, "清溪河治理工程全线完工", "林晓舟", "2024-10-03"),
    "portal-breaks": (portal_breaks, NEWS, "清溪河治理工程全线完工", "林晓舟", "2024-10-03T09:30:00"),
    "wechat": (wechat, WECHAT, "外婆的柿子树", "陆小满", "2023-11-08T08:00"),
    "cn-blog": (cn_blog, BLOG, "给小服务器换固态硬盘", None, "2022-05-14T21:36"),
    "wordpress": (wordpress, BLOG, "给小服务器换固态硬盘", "秦山", "2022-05-14T21:36:00+08:00"),
    "encyclopedia": (baike, BAIKE, "青瓦渡", None, None),
    "docs": (docs, DOCS, "配置文件", None, None),
    "forum-tables": (discuz, POSTS, "老房子换断桥铝窗户求建议", None, "2021-03-01T10:21"),
    "forum-thread": (thread, POSTS, "老房子换断桥铝窗户求建议", None, "2021-03-01T02:20:00Z"),
    "english-news": (english_news, ENGLISH, "Swing bridge to reopen in spring", "Ida Quill", "2023-02-06"),
}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (page, lines, title, author, date) in PAGES.items():
        (FOLDER / f"{name}.html").write_text(page(), encoding="utf-8")
        gold = {"title": title, "author": author, "date": date, "lines": lines}
        (FOLDER / f"{name}.json").write_text(json.dumps(gold, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


main()
