import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate that is its own authority, and its key, as PEM. */
export function makeCertificate(host: string): { readonly certificate: string; readonly key: string } {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-certificate-"));
  try {
    const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
    const name = ["-subj", `/CN=${host}`, "-addext", `subjectAltName=${isIP(host) === 0 ? "DNS" : "IP"}:${host}`];
    const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    execFileSync("openssl", ["req", ...kind, ...name, "-keyout", key, "-out", certificate], { stdio: "ignore" });
    return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
