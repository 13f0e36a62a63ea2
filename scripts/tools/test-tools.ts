import type { Result } from "../../src/foundation/result.ts";
import { findAsterisk } from "./find-asterisk.ts";
import { findTool } from "./find-tool.ts";

/** What a machine may lack: for two projects of vitest, and for some of the tests of metrics. */
export const testTools: Readonly<Record<string, () => Promise<Result<object, string>>>> = {
  asterisk: () => findAsterisk({ withSipp: true }),
  browser: () => findTool("chromium"),
  promtool: () => findTool("promtool"),
};

if (import.meta.main) {
  for (const [name, find] of Object.entries(testTools)) {
    const found = await find();
    console.log(`${name}: ${found.ok ? JSON.stringify(found.value, null, 2) : found.error}`);
  }
}
