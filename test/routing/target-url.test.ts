import { expect, test, vi } from "vitest";
import { canonicalHost, isAllowedHost, type TargetSettings, targetUrl } from "../../src/routing/target-url.ts";

const local: TargetSettings = {
  hosts: ["127.0.0.1", "localhost", "[::1]"],
  scheme: "http",
  path: "/",
  paths: [],
  servers: {},
};
const live: TargetSettings = {
  hosts: ["tsp1.webex.com", "*.example.com"],
  scheme: "auto",
  path: "/tsp/receive",
  paths: [],
  servers: {},
};
const chosen: TargetSettings = { ...live, paths: ["/tsp", "/v2/"] };
const pools: TargetSettings = {
  ...live,
  servers: {
    "*.eu.example.com": { scheme: "https", path: "/eu" },
    "*.example.com": { path: "/pool", paths: ["/pool"] },
    "a.eu.example.com": { path: "/alone" },
  },
};

test.each<[string, TargetSettings, string]>([
  ["127.0.0.1:8801", local, "http://127.0.0.1:8801/"],
  ["LocalHost:8801", local, "http://localhost:8801/"],
  ["localhost", local, "http://localhost/"],
  ["[::1]:8801", local, "http://[::1]:8801/"],
  ["127.0.0.1:1", local, "http://127.0.0.1:1/"],
  ["127.0.0.1:65535", local, "http://127.0.0.1:65535/"],
  ["http://127.0.0.1:8801/answers?site=1", local, "http://127.0.0.1:8801/"],
  ["HTTP://127.0.0.1:8801/", local, "http://127.0.0.1:8801/"],
  ["tsp1.webex.com:80", live, "http://tsp1.webex.com/tsp/receive"],
  ["TSP1.WebEx.COM:80", live, "http://tsp1.webex.com/tsp/receive"],
  ["tsp1.webex.com:443", live, "https://tsp1.webex.com/tsp/receive"],
  ["https://tsp1.webex.com", live, "https://tsp1.webex.com/tsp/receive"],
  ["a.b.example.com:80", live, "http://a.b.example.com/tsp/receive"],
  ["xn--bcher-kva.example.com:80", live, "http://xn--bcher-kva.example.com/tsp/receive"],
  ["tsp1.webex.com:80", { ...live, hosts: ["TSP1.WEBEX.COM"] }, "http://tsp1.webex.com/tsp/receive"],
  ["tsp1.webex.com:80", { ...live, scheme: "https" }, "https://tsp1.webex.com:80/tsp/receive"],
  ["http://tsp1.webex.com:80/x", { ...live, scheme: "https" }, "https://tsp1.webex.com:80/tsp/receive"],
  ["http://tsp1.webex.com/@evil.net/", live, "http://tsp1.webex.com/tsp/receive"],
  ["http://tsp1.webex.com//evil.net/", live, "http://tsp1.webex.com/tsp/receive"],
])("%s is a host that may be posted to (protocol T2, T15, section 5, row 5)", (webexHost, settings, url) => {
  const target = targetUrl(webexHost, settings);

  expect(target).toEqual({ ok: true, value: url });
  // A client of HTTP reads the same host that was compared.
  expect(isAllowedHost(settings.hosts, new URL(url).hostname)).toBe(true);
});

test.each([
  ["example.com", "the parent of a wildcard is not its child"],
  ["evilexample.com:80", "a wildcard needs the dot"],
  [".example.com:80", "an empty label"],
  ["a..example.com:80", "an empty label within"],
  ["example.com.evil.net:80", "a wildcard's parent as the beginning of another"],
  ["webex.com:80", "the parent of a listed name"],
  ["x.tsp1.webex.com:80", "the child of a listed name"],
  ["tsp1-webex.com:80", "a dot is a dot"],
  ["tsp1.webex.com.:80", "a trailing dot"],
  ["a.example.com.:80", "a trailing dot under a wildcard"],
  ["127.0.0.1.:80", "a trailing dot after an address"],
  ["tsp1.webex.com.evil.net:80", "a listed name as the beginning of another"],
  ["evil-tsp1.webex.com:80", "a listed name as the end of another"],
  ["http://evil.net/tsp1.webex.com", "a listed name in the path"],
  ["http://evil.net/?x=@tsp1.webex.com", "a listed name in the query"],
  ["xn--tsp1-webex-5ib.com:80", "punycode that looks like a listed name"],
  ["2130706433:80", "127.0.0.1 as one number"],
  ["0x7f000001:80", "as one hexadecimal number"],
  ["017700000001:80", "as one octal number"],
  ["127.1:80", "in its short form"],
  ["127.0.1:80", "in three parts"],
  ["0x7f.0.0.1:80", "partly hexadecimal"],
  ["0177.0.0.1:80", "partly octal"],
  ["127.000.000.001:80", "with leading zeros"],
  ["127.0.0.01:80", "with one leading zero"],
  ["127.0.0.2:80", "its neighbour on the loop"],
  ["0.0.0.0:80", "every address of this machine"],
  ["0:80", "the same as one number"],
  ["4294967295:80", "the largest number"],
  ["169.254.169.254:80", "where clouds keep their secrets"],
  ["10.0.0.1:80", "a private address"],
  ["[::1]:80", "the IPv6 loop, which is not listed here"],
  ["[::ffff:127.0.0.1]:80", "IPv4 within IPv6"],
  ["[::ffff:7f00:1]:80", "IPv4 within IPv6, in hexadecimal"],
  ["[::127.0.0.1]:80", "IPv4-compatible IPv6"],
  ["[64:ff9b::7f00:1]:80", "IPv4 behind a translator"],
  ["[0:0:0:0:0:0:0:1]:80", "IPv6 written out"],
  ["[::]:80", "no IPv6 address"],
])("%s is not allowed: %s (protocol T16)", (webexHost) => {
  const settings = { ...live, hosts: [...live.hosts, "127.0.0.1"] };
  expect(targetUrl(webexHost, settings)).toMatchObject({ ok: false, error: { kind: "not-allowed" } });
});

test.each<[TargetSettings, string, readonly string[]]>([
  [
    live,
    "http://tsp1.webex.com",
    ["tsp1.webex.com", "TSP1.WebEx.com:80", "http://tsp1.webex.com:0080/x", "Http://tsp1.webex.com"],
  ],
  [live, "https://tsp1.webex.com", ["tsp1.webex.com:443", "https://TSP1.webex.com/", "https://tsp1.webex.com:443"]],
  [
    { ...live, scheme: "https" },
    "https://tsp1.webex.com",
    ["tsp1.webex.com", "tsp1.webex.com:443", "http://tsp1.webex.com"],
  ],
  [local, "http://[::1]:8801", ["[::1]:8801", "http://[::1]:08801"]],
])("with these settings %j all spellings of %s are one server", (settings, origin, spellings) => {
  const read = [...spellings, origin].map((spelling) => [spelling, canonicalHost(spelling, settings)]);
  expect(read).toEqual(read.map(([spelling]) => [spelling, { ok: true, value: origin }]));
});

test.each<[string, TargetSettings, string]>([
  ["http://tsp1.webex.com/tsp", chosen, "http://tsp1.webex.com/tsp"],
  ["http://tsp1.webex.com:80/tsp/site1?x=1", chosen, "http://tsp1.webex.com/tsp/site1?x=1"],
  ["https://TSP1.webex.com/v2/Site", chosen, "https://tsp1.webex.com/v2/Site"],
  ["http://tsp1.webex.com/x", { ...chosen, paths: ["/"] }, "http://tsp1.webex.com/x"],
  ["http://tsp1.webex.com/tsp/a/../b", chosen, "http://tsp1.webex.com/tsp/b"],
  ["http://tsp1.webex.com/tsp/../admin", chosen, "http://tsp1.webex.com/tsp/receive"],
  ["http://tsp1.webex.com/tspx", chosen, "http://tsp1.webex.com/tsp/receive"],
  ["http://tsp1.webex.com/v2", chosen, "http://tsp1.webex.com/tsp/receive"],
  ["http://tsp1.webex.com/x?/tsp", chosen, "http://tsp1.webex.com/tsp/receive"],
  ["http://tsp1.webex.com//tsp", chosen, "http://tsp1.webex.com/tsp/receive"],
  ["http://tsp1.webex.com/tsp?x='", chosen, "http://tsp1.webex.com/tsp/receive"],
  ["http://tsp1.webex.com/", { ...chosen, paths: ["/"] }, "http://tsp1.webex.com/tsp/receive"],
  ["tsp1.webex.com:80", chosen, "http://tsp1.webex.com/tsp/receive"],
])(
  "%s: the path of a full URL is kept where it begins as the settings allow (protocol T15)",
  (webexHost, settings, url) => {
    expect(targetUrl(webexHost, settings)).toEqual({ ok: true, value: url });
    // What the conference keeps is posted to alike.
    const kept = canonicalHost(webexHost, settings);
    expect(kept.ok && targetUrl(kept.value, settings)).toEqual({ ok: true, value: url });
  },
);

test("a URL with the very path of the settings is the server that is named without one", () => {
  expect(canonicalHost("http://tsp1.webex.com/tsp/receive", chosen)).toEqual(
    canonicalHost("tsp1.webex.com:80", chosen),
  );
  expect(canonicalHost("http://tsp1.webex.com/tsp/other", chosen)).toEqual({
    ok: true,
    value: "http://tsp1.webex.com/tsp/other",
  });
});

test.each([
  ["tsp1.webex.com:80", "http://tsp1.webex.com/tsp/receive"],
  ["b.example.com:80", "http://b.example.com/pool"],
  ["http://b.example.com/pool/7", "http://b.example.com/pool/7"],
  ["b.eu.example.com:80", "https://b.eu.example.com:80/eu"],
  ["http://b.eu.example.com/pool/7", "https://b.eu.example.com/eu"],
  ["A.eu.example.com:80", "http://a.eu.example.com/alone"],
  ["a.eu.example.com:443", "https://a.eu.example.com/alone"],
])("%s has the scheme and path of its most specific pattern (protocol T15)", (webexHost, url) => {
  expect(targetUrl(webexHost, pools)).toEqual({ ok: true, value: url });
});

test("a pattern of `servers` allows no host", () => {
  const settings = { ...local, servers: { "*.example.com": { path: "/x" } } };
  expect(targetUrl("a.example.com:80", settings)).toMatchObject({ ok: false, error: { kind: "not-allowed" } });
});

test("another spelling of a listed address is another host, also in IPv6", () => {
  const spellings = ["[0:0:0:0:0:0:0:1]", "[0::1]", "[::0001]", "[::1.]"];
  expect(spellings.filter((spelling) => targetUrl(`${spelling}:80`, local).ok)).toEqual([]);
});

test.each([
  ["", "nothing"],
  [":80", "a port alone"],
  ["127.0.0.1@evil.net:80", "user info"],
  ["user:pass@127.0.0.1:80", "user info with a password"],
  ["http://127.0.0.1:80@evil.net/", "a port that is user info"],
  ["http://@127.0.0.1/", "empty user info"],
  ["http://evil.net\\@127.0.0.1/", "a backslash"],
  ["http://127.0.0.1\\.evil.net/", "a backslash before a dot"],
  ["http:\\\\127.0.0.1/", "backslashes for slashes"],
  ["http://127.0.0.1#@evil.net/", "a fragment"],
  ["http://127.0.0.1/#x", "a fragment behind the path"],
  ["127.0.0.1:80#x", "a fragment behind the port"],
  ["127.0.0.1:80?x", "a query behind the port"],
  ["http://127.0.0.1?x", "a query without a path"],
  ["127.0.0.1%2eevil.net:80", "an escaped dot"],
  ["127.0.0.1%00.evil.net:80", "an escaped null"],
  ["%31%32%37.0.0.1:80", "escaped digits"],
  ["http://127.0.0.1/%0d%0aHost:evil.net", "an escape in the path"],
  ["127.0.0.1:80/path", "a path without a scheme"],
  ["127.0.0.1:0", "port 0"],
  ["127.0.0.1:65536", "a port that is none"],
  ["127.0.0.1:99999", "the largest of five digits"],
  ["127.0.0.1:000080", "a port with more digits than one has"],
  ["127.0.0.1:", "a port that is empty"],
  ["127.0.0.1:-80", "a port below none"],
  ["127.0.0.1:80:80", "two ports"],
  ["127.0.0.1:8o", "a port with a letter"],
  ["127.0.0.1:0x50", "a hexadecimal port"],
  ["127.0.0.1:\uff18\uff10", "a port in other digits"],
  ["127.0.0.1:80\r\nX: y", "a line break"],
  ["127.0.0.1:80\n", "a line break at the end"],
  ["127.0.0.1\t:80", "a tab, which parsers of URLs take out"],
  ["127.0.0.1\0:80", "a null"],
  [" 127.0.0.1:80", "a blank"],
  ["127.0.0.1:80 ", "a blank at the end"],
  ["127.0.0.1 evil.net:80", "a blank between two hosts"],
  ["127.0.0.1,evil.net:80", "two hosts"],
  ["ftp://127.0.0.1/", "another scheme"],
  ["file:///etc/passwd", "a file"],
  ["gopher://127.0.0.1:80/_x", "a scheme that can say anything"],
  ["javascript:alert(1)", "a script"],
  ["data:text/plain,x", "data"],
  ["ws://127.0.0.1/", "a WebSocket"],
  ["httpss://127.0.0.1/", "nearly a scheme"],
  ["http:127.0.0.1", "a scheme without slashes"],
  ["http:///127.0.0.1/", "a scheme with three slashes"],
  ["http://http://127.0.0.1/", "two schemes"],
  ["//127.0.0.1/", "no scheme but slashes"],
  ["127.0.0.1\u3002:80", "a full stop that is none"],
  ["127\uff0e0.0.1:80", "a full-width full stop"],
  ["\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:80", "letters in circles"],
  ["loc\u0430lhost:80", "a Cyrillic letter"],
  ["loca\u017fhost:80", "a long s"],
  ["\u212aocalhost:80", "the sign of kelvin"],
  ["localhost\u00ad:80", "a soft hyphen"],
  ["localhost\u200b:80", "a space of no width"],
  ["\u0661\u0662\u0667.0.0.1:80", "Arabic digits"],
  ["[fe80::1%25eth0]:80", "a zone"],
  ["[127.0.0.1]:80", "brackets around an address of IPv4"],
  ["[::1:80", "a bracket that does not close"],
  ["::1:80", "IPv6 without brackets"],
  ["[::1]evil.net:80", "a name behind an address"],
  ["*.example.com:80", "a wildcard"],
])("%j is not a host: %s", (webexHost) => {
  expect(targetUrl(webexHost, { ...local, hosts: [...local.hosts, ...live.hosts] })).toEqual({
    ok: false,
    error: { kind: "not-a-host", text: webexHost },
  });
});

test("however many hosts a peer has named, the latest ones are known", () => {
  const settings: TargetSettings = { ...live };
  const name = (index: number) => `h${index}.example.com:80`;
  for (let index = 0; index < 2_000; index += 1) canonicalHost(name(index), settings);

  const parse = vi.spyOn(URL, "parse");
  expect(canonicalHost(name(1_999), settings)).toEqual({ ok: true, value: "http://h1999.example.com" });
  expect(parse).not.toHaveBeenCalled();
  parse.mockRestore();
});
