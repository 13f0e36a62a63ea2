import { expect, test } from "vitest";
import { siteOf } from "../client/site-address.ts";

test.each([
  ["acme", "acme", "https://acme.webex.com/acme/"],
  ["North_Corp", "North_Corp", "https://north_corp.webex.com/North_Corp/"],
  ["acme.webex.com", "acme", "https://acme.webex.com/acme/"],
  ["ACME.Webex.com.cn", "acme", "https://acme.webex.com.cn/acme/"],
  ["https://meet.example.com/Acme", "Acme", "https://meet.example.com/Acme/"],
  ["https://meet.example.com:8443/acme/", "acme", "https://meet.example.com:8443/acme/"],
  ["HTTPS://acme.webex.com", "acme", "https://acme.webex.com/acme/"],
  ["http://127.0.0.1:8807/acme", "acme", "http://127.0.0.1:8807/acme/"],
  ["http://localhost:8807/acme/", "acme", "http://localhost:8807/acme/"],
  ["http://[::1]:8807/acme", "acme", "http://[::1]:8807/acme/"],
])("%s is the site %s at %s", (given, name, url) => {
  expect(siteOf(given)).toEqual({ ok: true, value: { name, url } });
  expect(new URL(url).pathname).toBe(`/${name}/`);
});

test.each([
  ["", "nothing"],
  ["http://acme.webex.com/acme", "no HTTPS"],
  ["ftp://acme.webex.com/acme", "another scheme"],
  ["javascript:alert(1)", "a script"],
  ["acme webex", "a blank"],
  ["-acme", "a hyphen at the start"],
  ["acme..com", "an empty label"],
  [".webex.com", "an empty label"],
  ["https://lee:pw@acme.webex.com/acme", "a user and a password"],
  ["https:/lee:pw@acme.webex.com/acme", "a user and a password after one slash"],
  ["lee:pw@acme.webex.com/acme", "a user and a password without a scheme"],
  ["https://acme.webex.com/acme/m.php?AT=JM&PW=lee:pw", "a page with a password"],
  ["https://acme.webex.com@evil.example/acme", "a user that looks like a host"],
  ["https://acme.webex.com/acme/m.php", "a page"],
  ["https://acme.webex.com/../x", "a path with .."],
  ["https://acme.webex.com/acme?x=1", "a query"],
  ["https://acme.webex.com/acme#x", "a fragment"],
  ["https://acme.webex.com\\evil.example/", "a backslash"],
  ["https://192.0.2.7/acme", "an address"],
  ["https://0x7f.1/acme", "an address in another spelling"],
  ["https://acme.webex.com:70000/acme", "no such port"],
  ["https://acme.webex.com:0/acme", "no such port"],
  ["http://127.0.0.1:8807", "an address without a site's name"],
  ["http://127.999.0.1:8807/acme", "no such address"],
  ["acme.webex.com\n", "a line end"],
  ["ácme", "a letter outside ASCII"],
  ["a".repeat(64), "too long a name"],
])("%j is no site: %s", (given) => {
  const site = siteOf(given);

  expect(site).toMatchObject({ ok: false, error: { kind: "wrong-site" } });
  expect(JSON.stringify(site)).not.toMatch(/lee|pw/);
});
