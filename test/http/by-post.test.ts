import { expect, test } from "vitest";
import type { ConfKey, ExtConfId } from "../../src/foundation/ids.ts";
import { sha256 } from "../../src/foundation/secrets.ts";
import { fields } from "../../src/foundation/shown.ts";
import { openApiOf } from "../../src/http/api/openapi.ts";
import { changes, isQuestion, type Route } from "../../src/http/api/route.ts";
import { apiRoutes } from "../../src/http/api/routes.ts";
import { byPost, conferenceView, FakeEdge, token } from "./fake-edge.ts";

const viewer = "token-of-anna";
const people = [{ name: "anna", tokenSha256: await sha256(viewer), role: "viewer" as const, domains: ["local"] }];
const bearer = { authorization: `Bearer ${viewer}` };

/** By what people are looked for: numbers and names, and texts that may be either. */
const isPersonal = (name: string) => name === "text" || Reflect.get(fields, name) === "personal";
const personalOf = ({ query = {} }: Route) => Object.keys(query).filter(isPersonal);
const asked = apiRoutes.filter(isQuestion);
const pathOf = (path: string) => `/api/v1${path.replace("{domain}", "local").replace("{confKey}", "5")}`;
const questions = asked.map((route) => {
  const fields = Object.fromEntries(personalOf(route).map((name) => [name, "14085550100"]));
  return [route.id, pathOf(route.path), new URLSearchParams(fields)] as const;
});

async function edgeWith(): Promise<FakeEdge> {
  const edge = new FakeEdge(token, {}, { people });
  await edge.held("7000001", "5");
  edge.views.set("5" as ConfKey, conferenceView("5", { extConfId: "7000001" as ExtConfId }));
  return edge;
}

test("allows personal queries only by POST, on one route per path", () => {
  expect(apiRoutes.filter((route) => personalOf(route).length > 0 && !isQuestion(route))).toEqual([]);
  const lists = apiRoutes.filter((route) => !changes(route)).map(({ path }) => path);
  expect(lists).toEqual([...new Set(lists)]);
});

test.each(questions)("%s answers a viewer without an audit entry", async (_, path, fields) => {
  const edge = await edgeWith();
  const [to, init] = byPost(`${path}?${fields}`);
  const response = await edge.app.request(to, { ...init, headers: bearer });

  expect([response.status, edge.loggedActions, edge.audited]).toEqual([200, [], []]);
});

test.each(questions)(
  "%s by POST takes nothing from its address, and says which field is wrong",
  async (_, path, fields) => {
    const { app } = await edgeWith();
    const asked = async (query: string, body: string) => {
      const response = await app.request(`${path}${query}`, { method: "POST", headers: bearer, body });
      const { errors = [] } = (await response.json()) as { errors?: { in: string; name: string }[] };
      return [response.status, ...errors.map((error) => `${error.in} ${error.name}`)];
    };
    const body = JSON.stringify(Object.fromEntries(fields));
    const [name] = fields.keys();

    expect(await asked(`?${fields}`, body)).toEqual([400, `query ${name}`]);
    expect(await asked("", JSON.stringify({ ...JSON.parse(body), colour: "red" }))).toEqual([400, "body colour"]);
    expect(await asked("", JSON.stringify({ [name ?? ""]: ["1"] }))).toEqual([400, `body ${name}`]);
    expect((await asked("", "[")).at(0)).toBe(400);
    expect((await asked("", `"${"1".repeat(65 * 1024)}"`)).at(0)).toBe(413);
  },
);

test("numbers may be JSON's own", async () => {
  const { app } = await edgeWith();
  const find = (body: object) =>
    app.request("/api/v1/domains/local/find", { method: "POST", headers: bearer, body: JSON.stringify(body) });

  expect((await find({ text: 14085550100, limit: 1 })).status).toBe(200);
  expect((await find({ text: "1", limit: 0 })).status).toBe(400);
});

test.each(questions)("no page of another site asks %s by POST in somebody's name", async (_, path, fields) => {
  const { app } = await edgeWith();
  const begun = await app.request("/console/sign-in", {
    method: "POST",
    headers: { "sec-fetch-site": "same-origin" },
    body: new URLSearchParams({ token: viewer }),
  });
  const cookie = begun.headers.get("set-cookie")?.split(";")[0] ?? "";
  const [to, init] = byPost(`${path}?${fields}`);
  const statuses = ["same-origin", "cross-site", "same-site"].map(async (site) => {
    return (await app.request(to, { ...init, headers: { cookie, "sec-fetch-site": site } })).status;
  });

  expect(await Promise.all(statuses)).toEqual([200, 403, 403]);
});

test("describes the query of a question as its body", () => {
  const { paths } = openApiOf(apiRoutes) as { paths: Record<string, { post: Described }> };
  for (const { path, query = {} } of asked) {
    const { parameters, requestBody } = paths[`/api/v1${path}`]?.post ?? { parameters: [], requestBody: null };
    expect(parameters.filter((one) => one.in !== "path")).toEqual([]);
    expect(Object.keys(requestBody?.content["application/json"].schema.properties ?? {})).toEqual(Object.keys(query));
  }
});

interface Described {
  readonly parameters: readonly { readonly in: string }[];
  readonly requestBody: {
    readonly content: { readonly "application/json": { readonly schema: { properties: object } } };
  };
}
