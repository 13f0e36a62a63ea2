import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { AsteriskOnTest } from "./asterisk-on-test.ts";

/** What docs/security.md says of the user of ARI. */
describe.each(inject("asterisks"))("$version", (home) => {
  let asterisk: AsteriskOnTest;
  beforeAll(async () => {
    asterisk = await AsteriskOnTest.start(home);
  });
  afterAll(() => asterisk?.stop());

  async function status(method: string, path: string): Promise<number> {
    return (await asterisk.ari(method, path)).status;
  }

  test("at its start, Asterisk has what modules.conf names, and nothing else", async () => {
    const listed = await (await asterisk.ari("GET", "/asterisk/modules")).json();
    const running = (listed as readonly { readonly name: string }[]).map(({ name }) => name);
    const text = readFileSync(join(asterisk.folder, "etc", "modules.conf"), "utf8");
    const named = [...text.matchAll(/^load = (\S+)$/gm)].map(([, name]) => name);

    expect(running).toContain("chan_pjsip.so");
    expect(running.filter((name) => name.endsWith(".so") && !named.includes(name))).toEqual([]);
  });

  test("who has the password can load any module, by its path, too; so a folder with fewer of them would not help", async () => {
    expect(await status("POST", "/asterisk/modules/app_system.so")).toBe(204);
    const path = join("../".repeat(20), home.modules, "app_originate.so");
    expect(await status("POST", `/asterisk/modules/${encodeURIComponent(path)}`)).toBe(204);
  });

  test("and can record what is said, and unload what the bridge needs", async () => {
    expect(await status("POST", "/bridges/overheard?type=mixing")).toBe(200);
    // Where there is a folder for it.
    mkdirSync(join(asterisk.folder, "state", "recording"));
    expect(await status("POST", "/bridges/overheard/record?name=overheard&format=wav")).toBe(201);
    expect(await status("DELETE", "/asterisk/modules/chan_pjsip.so")).toBe(204);
  });
});
