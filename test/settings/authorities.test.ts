import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { extraAuthorities, prepareWorkerd } from "../../scripts/workerd.ts";
import { makeCertificate } from "../kit/certificate.ts";

const folder = mkdtempSync(join(tmpdir(), "bridgehead-authorities-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What plain workerd is told to trust where this stands in the variable. */
function trusted(file: string | undefined): unknown {
  const authorities = extraAuthorities({ NODE_EXTRA_CA_CERTS: file });
  const options = { workerd: "workerd", worker: new Uint8Array(), folder, host: "127.0.0.1", port: 1, variables: {} };
  prepareWorkerd({ ...options, authorities });
  const config = readFileSync(join(folder, "config.capnp"), "utf8");
  return JSON.parse(/trustedCertificates = (\[.*?\])\)/s.exec(config)?.[1] ?? "");
}

test("the edge trusts the authorities of NODE_EXTRA_CA_CERTS, each by itself (protocol T2)", () => {
  const [one, other] = ["tsp1.example.com", "tsp2.example.com"].map((host) => makeCertificate(host).certificate.trim());
  const file = join(folder, "authorities.pem");
  writeFileSync(file, `ours\n${one}\ntheirs\n${other}\n`);

  expect(trusted(file)).toEqual([one, other]);
  expect(trusted(undefined)).toEqual([]);
  expect(() => trusted(join(folder, "nothing.pem"))).toThrow(/^cannot read NODE_EXTRA_CA_CERTS/);
});
