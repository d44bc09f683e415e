/* A headless Chromium that does a step for each line of standard input: {"step": NAME, "args": […]}.
 * The answer is a line {"value": TEXT} or {"error": TEXT}. */
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import * as measures from "./measures.mjs";
import * as steps from "./steps.mjs";

const { chromium } = createRequire(process.env.PAGE_MODULES + "/")("playwright-core");
const PATIENCE = Number(process.env.PAGE_PATIENCE) || 50000; /* less than that of the rig */

/* What no page may do. A page that loses its server says so in the console, which is no error. */
const watch = world => {
	world.page.on("pageerror", e => world.errors.push("the script: " + e.stack));
	world.page.on("console", m => {
		if (m.type() === "error" && !/net::ERR_|status of (403|404|503)/.test(m.text())) world.errors.push("the console: " + m.text());
	});
};

const launch = () => chromium.launch({
	executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
	/* its own sandbox cannot be had by root; evil.example is this host: DNS rebinding */
	args: ["--no-sandbox", "--disable-dev-shm-usage", "--host-resolver-rules=MAP evil.example 127.0.0.1"],
});

/* A new page; the options are those of a context of playwright ("{}" for none). */
export const open = async (world, url, options) => {
	if (world.context) await world.context.close();
	world.context = await world.browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: "light", ...JSON.parse(options || "{}") });
	world.context.setDefaultTimeout(PATIENCE);
	world.page = await world.context.newPage();
	watch(world);
	await world.page.goto(url);
	await world.page.evaluate(() => { /* what a screen reader hears, all of it */
		window.said = "";
		new MutationObserver(() => { window.said += document.getElementById("say").textContent + "\n"; }).observe(document.getElementById("say"), { childList: true, characterData: true, subtree: true });
	});
};

const end = async world => {
	await world.browser.close();
	if (world.errors.length) throw new Error(world.errors.join("\n"));
};

const run = async (world, line) => {
	const { step, args } = JSON.parse(line), all = { open, end, ...steps, ...measures };
	if (!all[step]) throw new Error("there is no such step");
	const value = await all[step](world, ...args);
	return value === undefined ? "" : String(value);
};

const world = { browser: await launch(), errors: [], open };
for await (const line of createInterface({ input: process.stdin })) {
	let answer;
	try { answer = { value: await run(world, line) }; } catch (e) { answer = { error: e.stack || String(e) }; }
	process.stdout.write(JSON.stringify(answer) + "\n");
}
