import * as v from "valibot";
import { expect, test } from "vitest";
import { bothNames, newName } from "../../src/foundation/new-name.ts";
import { openApiOf } from "../../src/http/api/openapi.ts";
import { apiRoutes } from "../../src/http/api/routes.ts";

const server = v.object({ host: newName("server")(v.string()), documents: v.number() });
const schema = v.object({
  hosts: newName("servers")(v.pipe(v.array(server), v.description("All."))),
  other: v.optional(v.union([v.object({ host: v.boolean() }), server])),
  none: v.nullable(server),
});

test("answers have both names of a field, wherever it stands, and nothing else", () => {
  const one = { host: "tsp1", documents: 2 };
  const both = { host: "tsp1", server: "tsp1", documents: 2 };

  expect(bothNames(schema)?.({ hosts: [one], other: one, none: null })).toEqual({
    ...{ hosts: [both], servers: [both], other: both, none: null },
  });
  expect(bothNames(v.object({ host: v.string() }))).toBe(null);
});

test("the description has the older name as deprecated", () => {
  const openApi = JSON.stringify(openApiOf(apiRoutes));
  for (const [older, newer] of [
    ["host", "server"],
    ["hosts", "servers"],
    ["told", "notified"],
  ]) {
    expect(openApi).toMatch(new RegExp(`"${older}":\\{.*"deprecated":true`));
    expect(openApi).toContain(`"${newer}":{`);
  }
});
