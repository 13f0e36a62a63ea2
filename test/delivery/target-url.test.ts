import { expect, test } from "vitest";
import { type TargetSettings, targetUrl } from "../../src/delivery/target-url.ts";

const local: TargetSettings = { hosts: ["127.0.0.1", "localhost", "[::1]"], scheme: "http", path: "/" };
const live: TargetSettings = {
  hosts: ["tsp1.webex.com", "*.example.com"],
  scheme: "auto",
  path: "/tsp/receive",
};

test.each<[string, TargetSettings, string]>([
  ["127.0.0.1:8801", local, "http://127.0.0.1:8801/"],
  ["LocalHost:8801", local, "http://localhost:8801/"],
  ["localhost", local, "http://localhost/"],
  ["[::1]:8801", local, "http://[::1]:8801/"],
  ["http://127.0.0.1:8801/answers?site=1", local, "http://127.0.0.1:8801/answers?site=1"],
  ["tsp1.webex.com:80", live, "http://tsp1.webex.com:80/tsp/receive"],
  ["tsp1.webex.com:443", live, "https://tsp1.webex.com:443/tsp/receive"],
  ["https://tsp1.webex.com", live, "https://tsp1.webex.com/tsp/receive"],
  ["a.b.example.com:80", live, "http://a.b.example.com:80/tsp/receive"],
  ["tsp1.webex.com:80", { ...live, scheme: "https" }, "https://tsp1.webex.com:80/tsp/receive"],
  ["http://tsp1.webex.com:80/x", { ...live, scheme: "https" }, "https://tsp1.webex.com:80/x"],
])("%s is a host that may be posted to", (webexHost, settings, url) => {
  expect(targetUrl(webexHost, settings)).toEqual({ ok: true, value: url });
});

test.each([
  ["example.com", "the parent of a wildcard is not its child"],
  ["evilexample.com:80", "a wildcard needs the dot"],
  [".example.com:80", "an empty label"],
  ["a..example.com:80", "an empty label within"],
  ["tsp1.webex.com.:80", "a trailing dot"],
  ["tsp1.webex.com.evil.net:80", "a listed name as the beginning of another"],
  ["2130706433:80", "a number for 127.0.0.1"],
  ["127.1:80", "a short form"],
  ["0x7f.0.0.1:80", "hexadecimal"],
  ["[::ffff:127.0.0.1]:80", "IPv4 within IPv6"],
])("%s is not allowed: %s", (webexHost) => {
  const settings = { ...live, hosts: [...live.hosts, "127.0.0.1"] };
  expect(targetUrl(webexHost, settings)).toMatchObject({ ok: false, error: { kind: "not-allowed" } });
});

test.each([
  ["", "nothing"],
  ["127.0.0.1@evil.net:80", "user info"],
  ["http://127.0.0.1:80@evil.net/", "a port that is user info"],
  ["http://evil.net\\@127.0.0.1/", "a backslash"],
  ["http://127.0.0.1#@evil.net/", "a fragment"],
  ["127.0.0.1:80#x", "a fragment behind the port"],
  ["127.0.0.1%2eevil.net:80", "an escape"],
  ["127.0.0.1:80/path", "a path without a scheme"],
  ["127.0.0.1:0", "port 0"],
  ["127.0.0.1:65536", "a port that is none"],
  ["127.0.0.1:80\r\nX: y", "a line break"],
  [" 127.0.0.1:80", "a blank"],
  ["ftp://127.0.0.1/", "another scheme"],
  ["//127.0.0.1/", "no scheme but slashes"],
  ["127.0.0.1。:80", "a full stop that is none"],
  ["[fe80::1%25eth0]:80", "a zone"],
])("%j is not a host: %s", (webexHost) => {
  expect(targetUrl(webexHost, local)).toEqual({ ok: false, error: { kind: "not-a-host", text: webexHost } });
});
