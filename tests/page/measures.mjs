/* Figures of the page: the steps of bench_page.c. */
const watchTasks = page => page.evaluate(() => {
	window.tasks = [];
	if (window.observer) window.observer.disconnect();
	window.observer = new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(e => e.duration)));
	window.observer.observe({ entryTypes: ["longtask"] });
});
const tasks = page => page.evaluate(() => {
	for (const e of window.observer.takeRecords()) window.tasks.push(e.duration);
	return window.tasks.length ? window.tasks.length + " tasks longer than 50 ms, the longest " + Math.round(Math.max(...window.tasks)) + " ms" : "no task longer than 50 ms";
});

/* From the address to all tiles and upstreams. */
export const loads = async (w, url, hosts, upstreams) => {
	const begin = Date.now();
	await w.open(w, url);
	await w.page.waitForFunction(([h, u]) => document.querySelectorAll(".tile").length >= h && parseInt(document.getElementById("upstreams-n").textContent) >= u, [Number(hosts), Number(upstreams)]);
	const all = Date.now() - begin;
	const page = await w.page.evaluate(() => { const n = performance.getEntriesByType("navigation")[0]; return Math.round(n.domContentLoadedEventEnd); });
	return `loaded: ${all} ms until the last tile is there (the empty page after ${page} ms)`;
};

/* A tile gets this state; noted in the page, frame by frame. */
export const awaits = async (w, host, state) => {
	w.arrival = w.page.waitForFunction(([h, s]) => {
		const t = [...document.querySelectorAll(".tile")].find(e => e.title.startsWith(h + ":"));
		return t && t.title === h + ": " + s;
	}, [host, state], { polling: "raf" });
};
export const arrived = async w => { await w.arrival; };
export const counts = async (w, group, n) => { await w.page.waitForFunction(([g, n]) => [...document.querySelectorAll(".group h3")].some(e => e.textContent === g + " (" + n + ")"), [group, n], { polling: "raf" }); };
export const tasksBegin = w => watchTasks(w.page);
export const tasksEnd = w => tasks(w.page);

export const types = async (w, name) => {
	await watchTasks(w.page);
	const begin = Date.now();
	await w.page.locator("#find").pressSequentially(name);
	await w.page.waitForFunction(n => { const r = document.querySelectorAll("button.open"); return r.length === 1 && r[0].textContent === n; }, name, { polling: "raf" });
	return `an upstream is found: ${Date.now() - begin} ms for ${name.length} keys; ${await tasks(w.page)}`;
};
export const scrolls = async w => {
	await watchTasks(w.page);
	const frames = await w.page.evaluate(async () => {
		const times = [];
		let last = performance.now();
		for (let y = 0; y < document.documentElement.scrollHeight; y += 120) {
			scrollTo({ top: y, behavior: "instant" });
			await new Promise(requestAnimationFrame);
			times.push(performance.now() - last);
			last = performance.now();
		}
		times.sort((a, b) => a - b);
		return [times.length, times[Math.floor(times.length / 2)], times[Math.floor(times.length * 0.95)]].map(Math.round);
	});
	return `scrolled from top to bottom: ${frames[0]} frames of ${frames[1]} ms, 95 % within ${frames[2]} ms; ${await tasks(w.page)}`;
};
const metrics = async (w, collect) => {
	const cdp = await w.context.newCDPSession(w.page);
	await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
	if (collect) await cdp.send("HeapProfiler.collectGarbage");
	return Object.fromEntries((await cdp.send("Performance.getMetrics")).metrics.map(x => [x.name, x.value]));
};
/* How many milliseconds its thread has worked so far. */
export const busy = async w => {
	const m = await metrics(w);
	return 1000 * (m.ProcessTime || m.TaskDuration);
};
export const memory = async w => {
	const m = await metrics(w, true);
	return `the page: ${(m.JSHeapUsedSize / 1048576).toFixed(1)} MB of script memory, ${m.Nodes} nodes`;
};
