import { expect, test } from "vitest";
import { withWholeUrl } from "../../src/http/address.ts";

/** As plain workerd hands it over. */
function received(target: string, host?: string): Request {
  const headers = host === undefined ? [] : [["host", host] as [string, string]];
  const request = new Request("http://edge/", { method: "POST", headers, body: "text" });
  return Object.defineProperty(request, "url", { value: target });
}

test.each([
  ["/tsp/local", "tsp.example.com:8787", "http://tsp.example.com:8787/tsp/local"],
  ["/tsp/local", undefined, "http://localhost/tsp/local"],
  ["/tsp/local", "", "http://localhost/tsp/local"],
  ["/x/%2541?a=/../b&c='", "[::1]:80", "http://[::1]/x/%2541?a=/../b&c=%27"],
  ["http://tsp.example.com/tsp/local", undefined, "http://tsp.example.com/tsp/local"],
])("a request for %s with Host %s is one for %s, HTTP/1.0 too (protocol T1)", async (target, host, url) => {
  const request = withWholeUrl(received(target, host));

  expect([request?.url, request?.method, await request?.text()]).toEqual([url, "POST", "text"]);
  expect(request?.headers.get("host") ?? undefined).toBe(host);
});

test.each([
  ["/tsp/../metrics"],
  ["/tsp/%2e%2E/metrics"],
  ["/tsp/.\\metrics"],
  ["/tsp/local#x"],
  ["*"],
  ["/tsp/local", "a b"],
  ["/tsp/local", "person@host"],
  ["/tsp/local", ":word@host"],
  ["/tsp/local", "host/metrics?"],
  ["/tsp/local", "host:99999"],
])("a target that a URL would change, and a Host that is none, are refused: %s %s", (target, host = "edge") => {
  expect(withWholeUrl(received(target, host))).toBe(null);
});
