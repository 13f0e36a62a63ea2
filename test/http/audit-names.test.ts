import { expect, test } from "vitest";
import { changes } from "../../src/http/api/route.ts";
import { apiRoutes } from "../../src/http/api/routes.ts";
import { type AuditEntry, shownEntry } from "../../src/operators/audit.ts";

const whatOf = (action: string, about = {}) => shownEntry({ action, about } as AuditEntry).what;

test("each action of a domain has one name in the audit, as commands are named, of older entries too", () => {
  const ofDomain = apiRoutes.filter((route) => changes(route) && route.path.includes("{domain}"));
  const names = ofDomain.map(({ id }) => whatOf(id));
  expect(names.filter((name) => !/^[a-z]+(-[a-z]+)*$/.test(name))).toEqual([]);
  expect(names.length).toBeGreaterThan(5);
  expect([whatOf("act", { type: "mute-all" }), whatOf("act"), whatOf("handOver")]).toEqual([
    "mute-all",
    "action",
    "hand-over",
  ]);
});
