// A `card-airlock up` and a browser of the test's own.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** Far more than anything takes on a busy machine. */
export const LIMIT = Number(process.env.CONSOLE_LIMIT ?? 120_000);

export const program = process.env.CARD_AIRLOCK ?? new URL("../../../target/debug/card-airlock", import.meta.url).pathname;
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Starts the program on free ports, with more arguments; gives { origin, aws, home, stop }. */
export async function up(...more) {
  const home = mkdtempSync(join(tmpdir(), "card-airlock-console-"));
  const ready = join(home, "ready.json");
  const child = spawn(program, ["up", ...(more.includes("--port") ? [] : ["--port", "0"]), "--aws-port", "0", "--log", "off", "--ready-file", ready, ...more], {
    env: { ...process.env, XDG_STATE_HOME: home },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise((done) => child.once("exit", done));
  await until("up is ready", () => {
    if (child.exitCode !== null) throw new Error("up has ended");
    return existsSync(ready);
  });
  const { api, aws } = JSON.parse(readFileSync(ready));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    rmSync(home, { recursive: true, force: true });
  };
  return { origin: new URL(api).origin, aws, home, stop };
}

export const browser = () => chromium.launch({ executablePath });

/** Opens the console; what the page complains of is kept in `page.complaints`. */
export async function open(browser, origin, { width = 1280, height = 900, scheme = "light", forced = false, still = true, scale = 1, clipboard = false } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, forcedColors: forced ? "active" : "none", reducedMotion: still ? "reduce" : "no-preference", deviceScaleFactor: scale });
  if (clipboard) await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
  context.setDefaultTimeout(LIMIT);
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => message.type() === "error" && page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(error.message));
  if (process.env.CONSOLE_FILES) await fromCheckout(page, origin);
  await page.goto(`${origin}/`);
  await page.waitForSelector("#live[data-state=live]");
  return page;
}

/** With CONSOLE_FILES set, the page's files are those of the checkout, so that a change needs no build. */
async function fromCheckout(page, origin) {
  const files = new URL("..", import.meta.url).pathname;
  await page.route(/\/console\/(js|css)\//, (route) => route.fulfill({ path: join(files, new URL(route.request().url()).pathname.slice("/console/".length)) }));
  await page.route(`${origin}/`, async (route) => route.fulfill({ response: await route.fetch(), body: readFileSync(join(files, "index.html"), "utf8") }));
}

/** What was copied last; a copy may take a moment. */
export async function copied(page) {
  await page.waitForSelector('button.copy:text-is("Copied")');
  const text = await page.evaluate(() => navigator.clipboard.readText());
  await page.waitForFunction(() => ![...document.querySelectorAll("button.copy")].some((button) => button.textContent === "Copied"));
  return text;
}

/** Waits for a condition; never for a time. */
export async function until(what, holds) {
  const begun = Date.now();
  while (!(await holds())) {
    if (Date.now() - begun > LIMIT) throw new Error(`not in time: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Places an order with the form. */
export async function place(page, order, card = "visa", count = 1) {
  await page.fill("#place [name=order]", order);
  await page.selectOption("#card", card);
  await page.fill("#place [name=count]", String(count));
  await page.evaluate(() => document.getElementById("placed").removeAttribute("data-good"));
  await press(page, "#place button[type=submit]");
  await page.waitForSelector("#placed[data-good]");
}

/** Chooses to type a card in a form, and types it as a person does: key by key. */
export async function typeCard(page, form, number, expiry = "") {
  await page.selectOption(`${form} [name=card]`, "");
  for (const [field, text] of [["number", number], ["expiry", expiry]]) await page.locator(`${form} [name=${field}]`).pressSequentially(text);
}

/** Signs somebody in. */
export async function signIn(page, user, merchant) {
  await page.fill("#who [name=user]", user);
  await page.locator("#who [name=merchant]").setChecked(merchant);
}

/** Opens an order's panel with its actions. */
export async function actions(page, order) {
  await page.goto(`${new URL(page.url()).origin}/#${order}`);
  await page.waitForSelector(`.about .who:text-is("${order}")`);
  await page.evaluate(() => (document.getElementById("act").open = true));
}

/** Pays an order with the form. */
export async function pay(page, order) {
  await page.fill("#pay [name=order]", order);
  await press(page, "#pay button");
}

/** Clicks a button that is not at work still: it would not listen. */
export const press = (page, button) => page.click(`${button}:not([aria-busy=true])`);

/** Waits until the list says that an order is in a stage. */
export const inStage = (page, order, stage) => page.waitForSelector(`#orders tr:has(button[data-order="${order}"]) .stage.${stage}`);

/** Switches a fault, by its label, as a person does, and waits until the server has it so. */
export async function toggle(page, name, on) {
  await page.locator(`#switch-${name}`).setChecked(on);
  await until(`${name} is ${on}`, async () => {
    const state = await page.evaluate(async () => {
      const events = new EventSource("/console/events");
      return new Promise((done) => events.addEventListener("state", (event) => (events.close(), done(JSON.parse(event.data).pulse.switches))));
    });
    return state[name] === on;
  });
}
