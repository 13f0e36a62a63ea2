import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect, test } from "vitest";
import { openApiOf } from "../../src/http/api/openapi.ts";
import { apiRoutes } from "../../src/http/api/routes.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const headers = { authorization: `Bearer ${token}` };

test("the description of the API is served, and a linter of OpenAPI finds nothing in it", async () => {
  const response = await new FakeEdge().app.request("/api/v1/openapi.json", { headers });
  const config = await createConfig({ extends: ["recommended-strict"] });
  const problems = await lintFromString({ source: JSON.stringify(await response.json()), config });

  expect(problems.map(({ ruleId, message, location }) => `${ruleId} ${message} ${location[0]?.pointer}`)).toEqual([]);
});

test("the linter would find what is wrong", async () => {
  const [route] = apiRoutes;
  if (!route) return expect.fail();
  const broken = openApiOf([route, { ...route, path: "/other" }]);
  const config = await createConfig({ extends: ["recommended-strict"] });
  const problems = await lintFromString({ source: JSON.stringify(broken), config });

  expect(problems.map(({ ruleId }) => ruleId)).toContain("operation-operationId-unique");
});

test("each operation has a name of its own, and each list with a next page a cursor", () => {
  const ids = apiRoutes.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const lists = apiRoutes.filter(({ answer }) => "next" in ((answer.schema as { entries?: object }).entries ?? {}));
  expect(lists.length).toBeGreaterThan(3);
  for (const { id, query = {} } of lists)
    expect(Object.keys(query), id).toEqual(expect.arrayContaining(["cursor", "limit"]));
});

test("each problem says which request it was", async () => {
  const response = await new FakeEdge().app.request("/api/v1/domains/nobody/agents", { headers });
  expect(await response.json()).toEqual({
    type: "urn:bridgehead:no-such-domain",
    title: "no such domain",
    status: 404,
    detail: "There is no domain nobody.",
    instance: "/api/v1/domains/nobody/agents",
  });
});

test("what fails within is a problem of its request, too", async () => {
  const edge = new FakeEdge();
  edge.broken.add("directory");
  const response = await edge.app.request("/api/v1/domains/local/conferences", { headers });
  expect([response.status, await response.json()]).toMatchObject([
    503,
    { instance: "/api/v1/domains/local/conferences" },
  ]);
});

test.each(["", "x".repeat(65), "a b", "ä"])("the Idempotency-Key %j is refused, and nothing is done", async (key) => {
  const edge = new FakeEdge();
  await edge.held("7000001", "5");
  edge.alive.add("5");
  const send = (key: string | null) =>
    edge.app.request("/api/v1/domains/local/conferences/5/hybrid", {
      method: "PUT",
      headers: { ...headers, ...(key !== null && { "idempotency-key": key }) },
      body: '{"connectData":"x"}',
    });

  const refused = await send(key);

  expect([refused.status, await refused.json()]).toMatchObject([
    400,
    { errors: [{ in: "header", name: "Idempotency-Key" }] },
  ]);
  expect(edge.operated).toEqual([]);
  expect((await send("k".repeat(64))).status).toBe(202);
  expect((await send(null)).status).toBe(202);
  expect(edge.audited.map(([, { status, actionId }]) => [status, actionId])).toEqual([
    [400, ""],
    [202, "k".repeat(64)],
    [202, expect.stringMatching(/^[0-9a-f-]{36}$/)],
  ]);
});
