import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** What writes a time as text, or takes it apart, by the clock of UTC or of the machine. */
const formats =
  /\.to(?:ISO|UTC|Date|Time|Locale\w*)String\(|DateTimeFormat|\.get(?:UTC)?(?:Hours|Minutes|Date|Day|Month|FullYear)\(/;

/** Where people are shown times, and what makes the sentences that they read. */
const shown = "{src/console,src/http/console,src/explain,cli/operator}/**/*.{ts,tsx,js}";

/** Not moments for people: months by names, a browser's own clock, and what a command is given back as it was. */
const exceptions: Readonly<Record<string, string>> = {
  "cli/operator/trouble.ts": "new Date(since).toISOString()",
  "src/console/browser/live.js": 'timeZone: document.documentElement.dataset.zone ?? "UTC"',
  "src/console/domain/record-list.tsx": "Date.UTC(year, month - 2)",
};

test("no page and no command writes a time by itself: `src/foundation/time/shown-time.ts` has the domain's zone", () => {
  const files = globSync(shown);
  const own = files.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line) =>
        formats.test(line) && !line.includes(exceptions[file] ?? "\n") ? [`${file}: ${line.trim()}`] : [],
      ),
  );

  expect(files.length).toBeGreaterThan(50);
  expect(own).toEqual([]);
});
