"""Drives the chat page in headless Chromium, and leaves screenshots; `cargo test -p siyu-serve --test page -- --ignored` runs it.

    pip install playwright        # Chromium itself from the system's packages
    python scripts/page.py URL TOKEN FOLDER

The service at URL answers a question with many small pieces, one with 慢 in it slowly, and refuses more than five
messages as too long.
"""

import json
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

url, token, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])

with sync_playwright() as play:
    browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    context = browser.new_context(locale="zh-CN", color_scheme="light", viewport={"width": 900, "height": 700})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
    page = context.new_page()
    problems, asked, said = [], [], []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.on("request", lambda request: said.append(json.loads(request.post_data)) if request.post_data else None)
    page.goto(url)
    page.screenshot(path=folder / "login.png")

    page.fill("#token", "wrong")
    page.click("#enter")
    expect(page.locator("#refused")).to_have_text("令牌无效或已过期")
    # The browser itself tells of the 401 in its console.
    problems.clear()
    page.fill("#token", token)
    page.click("#enter")
    expect(page.locator("#talk")).to_be_visible()
    expect(page.locator("#token")).to_have_value("")

    page.fill("#text", "你好<img src=x onerror=alert(1)>")
    page.keyboard.press("Enter")
    answer = page.locator(".assistant").last
    expect(answer.locator("p")).to_contain_text("答案")
    expect(page.locator("#send")).to_be_visible()
    assert page.locator("img").count() == 0, "what is said is text, never markup"
    answer.locator("button").click()
    assert page.evaluate("navigator.clipboard.readText()") == answer.locator("p").inner_text()

    page.fill("#text", "慢")
    page.click("#send")
    answer = page.locator(".assistant").last
    expect(answer.locator("p")).to_contain_text("一")
    page.click("#stop")
    expect(answer).to_contain_text("已停止")
    expect(page.locator("#send")).to_be_visible()
    page.screenshot(path=folder / "light.png")

    assert said[-1] == {"messages": said[-1]["messages"], "stream": True}
    assert [turn["role"] for turn in said[-1]["messages"]] == ["user", "assistant", "user"]

    page.click("#theme")
    page.click("#language")
    expect(page.locator("#send")).to_have_text("Send")
    expect(answer).to_contain_text("Stopped")
    page.screenshot(path=folder / "dark.png")
    page.set_viewport_size({"width": 380, "height": 700})
    page.screenshot(path=folder / "narrow.png")

    # What was being said in a chat that was left is no part of the next one.
    for button in ["#fresh", "#leave"]:
        page.fill("#text", "慢")
        page.click("#send")
        expect(page.locator(".assistant").last.locator("p")).to_contain_text("一")
        page.click(button)
        if button == "#leave":
            page.fill("#token", token)
            page.click("#enter")
        page.fill("#text", "再来")
        page.click("#send")
        expect(page.locator(".assistant").last.locator("p")).to_contain_text("答案")
        expect(page.locator("#send")).to_be_visible()
        assert said[-1]["messages"] == [{"role": "user", "content": "再来"}], said[-1]
        assert page.locator(".turn").count() == 2

    # What the model cannot read at once goes on without its older half.
    for question in range(2, 5):
        page.fill("#text", f"第{question}问")
        page.click("#send")
        expect(page.locator(".assistant")).to_have_count(question)
        expect(page.locator(".assistant").last.locator("p")).to_contain_text("答案")
        expect(page.locator("#send")).to_be_visible()
    assert [len(one["messages"]) for one in said[-2:]] == [7, 3], said[-2:]
    assert said[-1]["messages"][0]["role"] == "user"
    # The browser itself tells of the 400.
    problems.clear()

    # Neither the disk nor another page has the token, and nobody else was asked for anything.
    assert token not in page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert all(one.startswith(url) for one in asked), asked
    page.click("#leave")
    expect(page.locator("#login")).to_be_visible()
    assert problems == [], problems
    browser.close()
print("ok")
