import { expect, test } from "vitest";
import {
  addressIn,
  clientOf,
  isNetwork,
  Networks,
  networkOf,
  unnamedProxy,
} from "../../src/foundation/guard/networks.ts";

test.each([
  ["192.0.2.7", "192.0.2.7"],
  [" 192.0.2.7:8080 ", "192.0.2.7"],
  ["[2001:db8::1]:443", "2001:db8::1"],
  ["[2001:DB8::1]", "2001:db8::1"],
  ["2001:db8:0:0:0:0:0:1", "2001:db8::1"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["fe80::1%eth0", "fe80::1"],
])("%j names the address %s", (text, address) => {
  expect(addressIn(text)).toBe(address);
});

test.each([
  "",
  "unknown",
  "_hidden",
  "192.0.2",
  "192.0.2.256",
  "010.0.0.1",
  "0x7f.0.0.1",
  "1",
  "[192.0.2.7",
  "a,b",
  "for=1.2.3.4",
])("%j is no address", (text) => {
  expect(addressIn(text)).toBeNull();
  expect(isNetwork(text)).toBe(false);
});

test("a network has its own addresses, however they are spelled, and none of another kind", () => {
  const networks = new Networks(["192.0.2.0/24", "10.1.2.3", "2001:db8::/32"]);
  const has = (text: string) => networks.has(text);

  expect(["192.0.2.255", "::ffff:192.0.2.1", "10.1.2.3", "2001:db8:ffff::1"].map(has)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(["192.0.3.0", "10.1.2.4", "2001:db9::1", "::1", "", "unknown"].filter(has)).toEqual([]);
  expect(new Networks(["0.0.0.0/0"]).has("2001:db8::1")).toBe(false);
  expect(new Networks(["::/0"]).has("192.0.2.1")).toBe(false);
});

test.each([
  "192.0.2.0/33",
  "192.0.2.0/",
  "192.0.2.0/x",
  "2001:db8::/129",
  "192.0.2.0/24/1",
  "example.com",
  "[::1]/128",
  " ::1",
])("%j is no network", (text) => {
  expect(isNetwork(text)).toBe(false);
});

test("of an IPv6 address somebody has the first half", () => {
  expect(["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::9"].map(networkOf)).toEqual(["2001:db8:1:2::", "2001:db8:1:2::"]);
  expect(["192.0.2.7", "::1", "unknown"].map(networkOf)).toEqual(["192.0.2.7", "0:0:0:0::", "unknown"]);
});

const proxies = new Networks(["10.0.0.0/8", "2001:db8:ffff::/48", "127.0.0.1"]);

test.each([
  ["a stranger's header is not read", "192.0.2.7", "203.0.113.1", "192.0.2.7"],
  ["a proxy says for whom it asks", "10.0.0.1", "192.0.2.7", "192.0.2.7"],
  ["what a stranger wrote before is not read", "10.0.0.1", "203.0.113.1, 192.0.2.7", "192.0.2.7"],
  [
    "several proxies, one behind the other",
    "127.0.0.1",
    "203.0.113.1, 192.0.2.7, 10.9.9.9,2001:db8:ffff::1",
    "192.0.2.7",
  ],
  ["ports, brackets and IPv4 in IPv6", "::ffff:10.0.0.1", "[2001:db8::7]:8080, 10.0.0.2:443", "2001:db8::7"],
  ["a proxy that says nothing", "10.0.0.1", null, "10.0.0.1"],
  ["an empty header", "10.0.0.1", "", "10.0.0.1"],
  ["no address is none, nor what is before it", "10.0.0.1", "192.0.2.7, unknown", "10.0.0.1"],
  ["the same behind a second proxy", "10.0.0.1", "192.0.2.7, 192.0.2, 10.0.0.2", "10.0.0.2"],
  ["this machine, as a stranger wrote it, is not believed", "10.0.0.1", "127.0.0.9,10.5.5.5", "10.5.5.5"],
  ["this machine, where it is a proxy of ours", "127.0.0.1", "192.0.2.7, 127.0.0.1", "192.0.2.7"],
  ["no address, from a proxy on this machine", "127.0.0.1", "8.8.8.8, unknown", unnamedProxy],
  ["a program of this machine itself", "127.0.0.1", null, "127.0.0.1"],
  ["an empty header of one on this machine", "127.0.0.1", "", unnamedProxy],
  ["proxies alone: the one that is farthest", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
])("%s", (_, peer, forwarded, client) => {
  expect(clientOf(peer, forwarded, proxies)).toBe(client);
});

test("who comes through a proxy on this machine that nobody has named is one of many; who comes without one is this machine", () => {
  const none = new Networks([]);
  expect([clientOf("::1", "192.0.2.7", none), clientOf("127.0.0.1", "", none)]).toEqual([unnamedProxy, unnamedProxy]);
  expect(clientOf("127.0.0.1", null, none)).toBe("127.0.0.1");
});
