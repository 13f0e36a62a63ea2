import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectSite } from "../../scripts/local-site.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "local-site-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const address = "http://127.0.0.1:8796";

test("the local domain asks the simulated site as its administrator, by the password that the site keeps", () => {
  const connection = connectSite(address, folder, { createTimeoutMs: 1 }, {});
  const passwords = JSON.parse(readFileSync(join(folder, "passwords.json"), "utf8"));

  expect(connection).toEqual({
    settings: { webexSite: { site: `${address}/harbour`, webExId: "site.admin", passwordFrom: "WEBEX_SECRET_LOCAL" } },
    variables: { WEBEX_SECRET_LOCAL: passwords["site.admin"] },
  });
  expect(connectSite(address, folder, {}, {})).toEqual(connection);
});

test("what DOMAIN_LOCAL and WEBEX_SECRET_LOCAL say counts instead", () => {
  expect(connectSite(address, folder, { webexSite: { site: "acme" } }, {})).toBeNull();
  expect(connectSite(address, folder, {}, { WEBEX_SECRET_LOCAL: "sea wall" })).toBeNull();
});
