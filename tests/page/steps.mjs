/* What the tests do in the page, and what they look for: as a person or a screen reader finds it, by
 * role and name. */
import assert from "node:assert/strict";

const PATIENCE = Number(process.env.PAGE_PATIENCE) || 50000;
/* While ZooKeeper is away, its name says that it is old. */
const section = (w, name) => w.page.getByRole("region", { name: new RegExp("^" + name + "( \\(old\\))?$") });
const button = (w, name, label) => section(w, name).getByRole("button", { name: label, exact: true }).first();
const dialog = w => w.page.getByRole("dialog");

/* Until it holds: no step sleeps, and none is too early. */
const until = async (look, what) => {
	const end = Date.now() + PATIENCE;
	for (;;) {
		const found = await look();
		if (found) return found;
		if (Date.now() > end) throw new Error("never came true: " + what);
		await new Promise(done => setTimeout(done, 50));
	}
};

/* --- anything ----------------------------------------------------------------------------------- */

export const sees = async (w, name, text) => section(w, name).getByText(text).first().waitFor();
export const loses = async (w, name, text) => until(async () => !await section(w, name).getByText(text).count(), name + " loses " + text);
export const press = async (w, ...keys) => { for (const k of keys) await w.page.keyboard.press(k); };
export const clicks = async (w, name, label) => button(w, name, label).click();
/* It is no longer there, or never was; also where its name says of what it is. */
export const lacks = async (w, name, label) => until(async () => !await section(w, name).getByRole("button", { name: new RegExp("^" + label + "\\b") }).count(), name + " has no " + label);
export const reloads = async w => { await w.page.reload(); };
export const address = w => w.page.url();
export const picture = async (w, name) => {
	await w.page.evaluate(() => scrollTo(0, 0));
	await w.page.screenshot({ path: process.env.PAGE_PICTURES + "/" + name + ".png", fullPage: true });
};
export const sleepless = async w => { await w.page.emulateMedia({ reducedMotion: "reduce" }); };

/* "healthy", …: in the bar, in the title, and (for who does not see them) said. */
export const health = async (w, words) => {
	await until(async () => await w.page.locator("#health").textContent() === words, "the fleet is " + words);
	await until(async () => (await w.page.title()).endsWith("zknginx: " + words), "the title says " + words);
};
export const says = async (w, text) => until(async () => (await w.page.evaluate(() => said)).includes(text), "the page says " + text);
export const alarm = async (w, text) => w.page.getByRole("alert").getByText(text).waitFor();
export const noAlarm = async w => until(async () => !await w.page.getByRole("alert").textContent(), "the banner goes");

/* The page is the one that was opened: nothing has loaded it again. */
export const marks = async w => { await w.page.evaluate(() => { window.marked = true; }); };
export const isMarked = async w => assert.equal(await w.page.evaluate(() => window.marked), true);

/* --- the fleet ---------------------------------------------------------------------------------- */

/* A group has exactly these hosts. */
export const group = async (w, title, ...hosts) => until(async () => {
	const g = section(w, "Fleet").locator(".group").filter({ has: w.page.getByRole("heading", { name: title + " (" + hosts.length + ")", exact: true }) });
	const names = await g.getByRole("button").locator("b").allTextContents();
	return names.map(n => n.replace(/^\S+ /, "")).join(" ") === hosts.join(" ");
}, "the group " + title + " has " + hosts);

const tile = (w, host) => section(w, "Fleet").getByRole("button", { name: host });

/* By the keyboard alone, and closed in the same way: the focus is where it was. */
export const opensHost = async (w, host, ...texts) => {
	await tile(w, host).focus();
	await w.page.keyboard.press("Enter");
	for (const t of texts) await section(w, "The selected host").getByText(t).first().waitFor();
	assert.equal(await tile(w, host).getAttribute("aria-pressed"), "true");
	await button(w, "The selected host", "Close").focus();
	await w.page.keyboard.press("Space");
	await until(async () => !await section(w, "The selected host").getByRole("heading").count(), "the host closes");
	assert.equal(await tile(w, host).getAttribute("aria-pressed"), "false");
	assert.ok(await tile(w, host).evaluate(e => e === document.activeElement), "the focus is lost");
};

/* --- the rollout -------------------------------------------------------------------------------- */

/* The step of this title is the current one, and reads like that. */
export const stepIs = async (w, title, words) => {
	const s = section(w, "Rollout").locator("li[aria-current=step]");
	await until(async () => await s.count() === 1 && (await s.getByRole("heading").textContent()).includes(title + " (" + words + ")"), title + " is " + words);
};

/* Asks before it acts; Cancel has the focus, and Escape does nothing but close. */
export const declines = async (w, name, label) => {
	await button(w, name, label).focus();
	await w.page.keyboard.press("Enter");
	await dialog(w).waitFor();
	assert.equal(await dialog(w).getAttribute("aria-labelledby"), "ask-h");
	assert.equal(await w.page.evaluate(() => document.activeElement.textContent), "Cancel");
	await w.page.keyboard.press("Escape");
	await dialog(w).waitFor({ state: "hidden" });
	assert.equal(await w.page.evaluate(() => document.activeElement.textContent), label);
};
export const confirms = async (w, name, label) => {
	await button(w, name, label).click();
	await dialog(w).getByRole("button", { name: label, exact: true }).click();
};
/* … and it is refused with these words. */
export const isRefused = async (w, text) => {
	await dialog(w).getByText(text).waitFor();
	await dialog(w).getByRole("button", { name: "Close" }).click();
	await dialog(w).waitFor({ state: "hidden" });
};

/* --- upstreams ---------------------------------------------------------------------------------- */

export const opensUpstream = async (w, name, ...texts) => {
	const b = button(w, "Upstreams", name);
	await b.focus();
	await w.page.keyboard.press("Enter");
	assert.equal(await b.getAttribute("aria-expanded"), "true");
	const row = section(w, "Upstreams").getByRole("listitem").filter({ has: w.page.getByRole("button", { name, exact: true }) });
	for (const t of texts) await row.getByRole("table").getByText(t).first().waitFor();
};
/* By the button beside the server, and the one of the question. */
const actsOn = async (w, label, server) => {
	await button(w, "Upstreams", label + " " + server).click();
	await dialog(w).getByText(server).waitFor();
	await dialog(w).getByRole("button", { name: label, exact: true }).click();
};
export const drains = async (w, server) => actsOn(w, "Drain", server);
export const undrains = async (w, server) => actsOn(w, "Undrain", server);
export const finds = async (w, text, ...names) => {
	await w.page.getByRole("searchbox", { name: "Find an upstream" }).fill(text);
	await until(async () => (await section(w, "Upstreams").locator("button.open").allTextContents()).join(" ") === names.join(" "), "found: " + names);
};

/* --- history ------------------------------------------------------------------------------------ */

/* Returns the difference between two entries, by their numbers ("now" for what ZooKeeper has). */
export const compares = async (w, from, to) => {
	const pick = async (side, n) => section(w, "History").locator(`input[name=${side}][value="${n}"]`).check();
	await pick("old", from);
	await pick("new", to);
	await clicks(w, "History", "Compare");
	const d = w.page.getByRole("region", { name: "Difference" });
	await d.locator("pre, p:not(.dim)").first().waitFor();
	assert.ok(await d.evaluate(e => e === document.activeElement), "the difference has no focus");
	return d.innerText();
};

/* --- who may ------------------------------------------------------------------------------------ */

/* A name that leads to this host is refused (DNS rebinding). */
export const rebinds = async (w, port) => {
	const p = await w.context.newPage();
	const r = await p.goto("http://evil.example:" + port + "/");
	assert.equal(r.status(), 403);
	assert.ok(!(await p.content()).includes("<script"));
	await p.close();
};
/* A page of another server, even of one on this host, can neither read nor act, with the token or without; nor frame the page. */
export const intrudes = async (w, url, token) => {
	const p = await w.context.newPage();
	await p.route("http://localhost:4321/", r => r.fulfill({ contentType: "text/html", body: "<p>other" }));
	await p.goto("http://localhost:4321/");
	const tried = await p.evaluate(async ([url, token]) => {
		const get = async (path, options) => { try { const r = await fetch(url + path, options); return r.type + " " + r.status; } catch { return "refused"; } };
		const frame = document.body.appendChild(document.createElement("iframe"));
		frame.src = url;
		return [await get("events"), await get("host?name=web1"), await get("action", { method: "POST", body: '{"action": "pause"}', headers: { "Content-Type": "application/json", "X-Zknginx-Token": token } }),
			await get("action", { method: "POST", body: '{"action": "pause"}', mode: "no-cors" })];
	}, [url, token || ""]);
	assert.deepEqual(tried, ["refused", "refused", "refused", "refused"]);
	await p.close();
};
/* What the browser tells another site of where it comes from. */
export const referrer = async (w, url) => {
	let given = "none";
	await w.page.route("http://other.example/**", async r => { given = r.request().headers().referer || "none"; await r.fulfill({ contentType: "text/html", body: "x" }); });
	await w.page.evaluate(() => { location.href = "http://other.example/"; });
	await until(async () => w.page.url() === "http://other.example/", "the other site is there");
	await w.page.goto(url);
	return given;
};

/* --- everybody ---------------------------------------------------------------------------------- */

/* Nothing is wider than the screen; a phone would make the page wider, and all of it smaller. */
export const fits = async w => {
	const width = w.page.viewportSize().width;
	const wide = await w.page.evaluate(width => [...document.querySelectorAll("main *")].filter(e => !e.closest(".scroll, .diff pre, .unseen") && e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML.slice(0, 100)), width);
	assert.deepEqual(wide, []);
	assert.ok(await w.page.evaluate(width => document.documentElement.scrollWidth <= width && innerWidth <= width, width));
};

/* Text is at least 4.5 times as bright, or dark, as what is behind it (WCAG 2, AA). */
export const isReadable = async w => {
	const faint = await w.page.evaluate(() => {
		const parse = c => { const n = c.match(/[\d.]+/g).map(Number); return { rgb: n.slice(0, 3), a: n.length > 3 ? n[3] : 1 }; };
		const light = rgb => rgb.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
		const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a) return c.rgb; } return [255, 255, 255]; };
		const found = [];
		for (const e of document.querySelectorAll("body *")) {
			const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
			if (!own || !e.checkVisibility({ visibilityProperty: true }) || e.closest(".unseen, .skip, :disabled, script, style, noscript, dialog:not([open])")) continue;
			const a = light(parse(getComputedStyle(e).color).rgb), b = light(behind(e));
			const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
			if (ratio < 4.5) found.push(ratio.toFixed(2) + " " + e.outerHTML.slice(0, 120));
		}
		return found;
	});
	assert.deepEqual(faint, []);
};

/* Each control has a name, each region too; no id is there twice; headings do not skip a level. */
export const isNamed = async w => {
	const nameless = await w.page.evaluate(() => {
		const name = e => e.getAttribute("aria-label") || (e.getAttribute("aria-labelledby") && document.getElementById(e.getAttribute("aria-labelledby")).textContent) || (e.labels && [...e.labels].map(l => l.textContent).join("")) || e.textContent;
		const found = [...document.querySelectorAll("button, a, input, select, section, progress, [role=region]")].filter(e => !e.closest("dialog:not([open])") && !name(e).trim()).map(e => e.outerHTML.slice(0, 100));
		const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
		found.push(...ids.filter((id, i) => ids.indexOf(id) !== i).map(id => "the id " + id + " twice"));
		let last = 0;
		for (const h of document.querySelectorAll("h1, h2, h3, h4")) {
			const level = Number(h.tagName[1]);
			if (h.closest("dialog, [hidden]")) continue;
			if (level > last + 1) found.push("from h" + last + " to " + h.outerHTML.slice(0, 100));
			last = level;
		}
		return found;
	});
	assert.deepEqual(nameless, []);
	for (const role of ["banner", "navigation", "main"]) assert.equal(await w.page.getByRole(role).count(), 1, role);
};

/* The first Tab leads past the bar, and what has the focus shows it. */
export const tabs = async w => {
	await w.page.keyboard.press("Tab");
	assert.equal(await w.page.evaluate(() => document.activeElement.textContent), "Skip to the content");
	assert.ok((await w.page.evaluate(() => document.activeElement.getBoundingClientRect().left)) >= 0, "it is not to be seen");
	await w.page.keyboard.press("Enter");
	assert.equal(await w.page.evaluate(() => document.activeElement.id), "main");
	await w.page.keyboard.press("Tab");
	assert.notEqual(await w.page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none");
	assert.ok(await w.page.evaluate(() => document.querySelector("main").contains(document.activeElement)));
};

/* No script but the page's own has run, and no element but its own has come. */
export const isUnharmed = async w => {
	assert.equal(await w.page.evaluate(() => window.harmed), undefined);
	assert.equal(await w.page.locator("img, iframe, svg, object, embed, main script, main style, main link").count(), 0);
	const hidden = await w.page.evaluate(() => /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(document.body.innerText));
	assert.equal(hidden, false, "a control character is in the text");
};
