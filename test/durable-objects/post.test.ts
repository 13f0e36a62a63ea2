import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchPost } from "../../durable-objects/post.ts";

const reached: string[] = [];
let inner: Server;
let webex: Server;

beforeAll(async () => {
  inner = await serving((path) => ({ status: 200, location: null, path }));
  webex = await serving((path) => ({ status: Number(path.slice(1)), location: `${addressOf(inner)}/inner`, path }));
});
afterAll(() => {
  for (const server of [inner, webex]) {
    server.close();
    server.closeAllConnections();
  }
});

test.each([301, 302, 303, 307, 308])("a redirect by %i is an answer, and not followed", async (status) => {
  const result = await fetchPost({
    url: `${addressOf(webex)}/${status}`,
    body: "<WbxTSPSchema/>",
    contentType: "text/xml",
    timeoutMs: 5_000,
    signal: new AbortController().signal,
  });

  expect(result).toMatchObject({ kind: "answered", status });
  expect(reached.splice(0)).toEqual([`/${status}`]);
});

function serving(answer: (path: string) => { status: number; location: string | null; path: string }): Promise<Server> {
  const server = createServer((request, response) => {
    const { status, location, path } = answer(request.url ?? "");
    reached.push(path);
    request.resume();
    response.writeHead(status, location === null ? {} : { location }).end();
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
