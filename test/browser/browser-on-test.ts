import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";

/** How a page is looked at. */
export interface Look {
  readonly scheme: "light" | "dark";
  readonly width: keyof typeof viewports;
}

const viewports = {
  wide: { width: 1280, height: 800 },
  narrow: { width: 360, height: 780 },
  /** As a wide window at 400 % (WCAG 2.2, 1.4.10). */
  zoomed: { width: 320, height: 200 },
} as const;

/** All looks and pages, as by night; otherwise each scheme and width once, and a page of each kind. */
export const looksAtAll = process.env.LOOKS === "all";

export const looks: readonly Look[] = [
  { scheme: "light", width: "wide" },
  { scheme: "dark", width: "narrow" },
  ...(looksAtAll
    ? ([
        { scheme: "dark", width: "wide" },
        { scheme: "light", width: "narrow" },
      ] as const)
    : []),
];

/** Reaches nothing but this machine, by name or by proxy, and asks nothing of anybody by itself. */
const launchArguments = [
  "--no-sandbox", // root may not have one; the pages are our own
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-proxy-server",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

/** Those of callers in these tests. */
const numbers = /(?<!\d)1?4085550\d{3}(?!\d)/;

const screens = join(import.meta.dirname, "..", "..", "docs", "screens");

/**
 * A browser for the tests of a file. Each test opens a page of its own, as somebody who was never there before. It fails by what the page
 * does wrong, even where it did not look: an error on the console (what a Content-Security-Policy forbids is one, too), an error that nobody
 * caught, a request to another origin than the page's, a number in an address.
 */
export class BrowserOnTest {
  #browser: Browser | undefined;
  readonly #open: { readonly page: Page; readonly faults: string[] }[] = [];

  constructor() {
    beforeAll(async () => {
      this.#browser = await chromium.launch({ executablePath: inject("chromium"), args: launchArguments });
    });
    afterEach(() => this.#close());
    afterAll(() => this.#browser?.close());
  }

  /** Opens an address of this machine. */
  async open(address: string, look: Look): Promise<Page> {
    const page = await this.prepare(address, look);
    await page.goto(address);
    return page;
  }

  /** A page that is to go there, for a test that watches it open. */
  async prepare(address: string, { scheme, width }: Look): Promise<Page> {
    if (!this.#browser) throw new Error("the browser is started before the first test of a file");
    const context = await this.#browser.newContext({
      colorScheme: scheme,
      viewport: viewports[width],
      reducedMotion: "reduce",
    });
    const page = await context.newPage();
    const faults: string[] = [];
    const fault = (text: string) => faults.push(text);
    const { origin } = new URL(address);
    const reaches = (url: string) => {
      if (/^(?:data|blob|about):/.test(url)) return;
      if (numbers.test(url)) fault(`a number in an address: ${url}`);
      const { protocol, host } = new URL(url);
      if (`${protocol}//${host}` !== origin) fault(`request to another origin: ${url}`);
    };
    context.on("request", (request) => reaches(request.url()));
    page.on("pageerror", (error) => fault(`uncaught: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") fault(`on the console: ${message.text()}`);
    });
    this.#open.push({ page, faults });
    return page;
  }

  /** What the pages of this test have done wrong up to now, which then does not count. */
  forgive(): readonly string[] {
    return this.#open.flatMap(({ faults }) => faults.splice(0));
  }

  async #close(): Promise<void> {
    const faults = this.forgive();
    for (const { page } of this.#open.splice(0)) await page.context().close();
    expect(faults).toEqual([]);
  }
}

/** Has a page that is open looked at in another way. */
export async function change(page: Page, { scheme, width }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize(viewports[width]);
}

/** Writes a picture of what is seen into docs/screens; only with `BRIDGEHEAD_SCREENS=1`. */
export async function screenshot(page: Page, name: string, { scheme, width }: Look): Promise<void> {
  if (!process.env.BRIDGEHEAD_SCREENS) return;
  mkdirSync(screens, { recursive: true });
  await page.screenshot({ path: join(screens, `${name}-${scheme}-${width}.png`) });
}
