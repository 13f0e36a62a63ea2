import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, expect, test } from "vitest";
import { authorityIn, makeAuthority } from "../authority.ts";
import { nodePorts } from "../ports-node.ts";

const folder = mkdtempSync(join(tmpdir(), "conformance-authority-"));
const trusted = getCACertificates("default");
afterAll(() => {
  setDefaultCACertificates(trusted);
  rmSync(folder, { recursive: true });
});

test.each([
  ["127.0.0.1", "127.0.0.2"],
  ["2001:db8::1:2", "2001:db8::2"],
  ["tsp3.example.com", "tsp4.example.com"],
])("the authority vouches for the server at %s, and for no other one", (host, other) => {
  const { certificate, server } = makeAuthority(host, Date.now());
  const [authority, own] = [new X509Certificate(certificate), new X509Certificate(server.certificate)];
  const isFor = (name: string) => (/^[\d.]+$|:/.test(name) ? own.checkIP(name) : own.checkHost(name)) !== undefined;

  expect(own.verify(authority.publicKey)).toBe(true);
  expect(own.checkIssued(authority)).toBe(true);
  expect([authority.ca, own.ca]).toEqual([true, false]);
  expect([isFor(host), isFor(other)]).toEqual([true, false]);
});

test("the file has no key, and is taken again for the same host only, while it is valid", () => {
  const file = join(folder, "kit.pem");
  const now = Date.now();

  const made = authorityIn(file, "127.0.0.1", now);
  expect(made.isNew).toBe(true);
  expect(authorityIn(file, "127.0.0.1", now)).toEqual({ ...made, isNew: false });
  expect(readFileSync(file, "utf8")).toBe(made.certificate);
  expect(statSync(`${file}.key`).mode & 0o777).toBe(0o600);
  expect(() => authorityIn(file, "127.0.0.2", now)).toThrow("is for another host than 127.0.0.2; remove");
  expect(() => authorityIn(file, "127.0.0.1", now + 366 * 86_400_000)).toThrow("was valid until");
});

test("who trusts the authority posts to the server by HTTPS, and the server knows why others do not", async () => {
  const { certificate, server } = makeAuthority("127.0.0.1", Date.now());
  const failures: string[] = [];
  const failed = Promise.withResolvers<void>();
  const onFailure = (why: string) => {
    failures.push(why);
    failed.resolve();
  };
  const listener = await nodePorts.listen("127.0.0.1:0", async ({ body }) => ({ status: 200, body }), {
    ...server,
    onFailure,
  });
  const post = (scheme: string) =>
    nodePorts.send({ method: "POST", url: `${scheme}://${listener.address}/`, body: "a post" });

  await expect(post("https")).rejects.toThrow();
  await failed.promise;
  await expect(post("http")).rejects.toThrow();
  setDefaultCACertificates([...trusted, certificate]);
  expect((await post("https")).body).toBe("a post");
  await listener.close();

  expect(failures).toEqual(["it closes the connection before it posts", "it speaks HTTP there"]);
});
