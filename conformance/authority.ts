import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { dirname } from "node:path";
import type { ServerKeys } from "./ports.ts";

const DAY_MS = 86_400_000;
const VALID_MS = 365 * DAY_MS;

/** An authority of the kit's own, and the one server that it vouches for. */
interface Authority {
  /** What an adapter is told to trust. */
  readonly certificate: string;
  readonly server: ServerKeys;
}

/**
 * The authority in this file, made where there is none. The key of the authority is forgotten at once, so that it never vouches for
 * anybody else; that of the server lies beside the file. Throws, in a sentence, if the file is for another host or too old.
 */
export function authorityIn(file: string, host: string, now: number): Authority & { readonly isNew: boolean } {
  const keyFile = `${file}.key`;
  if (!existsSync(file)) {
    const { certificate, server } = makeAuthority(host, now);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(keyFile, server.certificate + server.key, { mode: 0o600 });
    writeFileSync(file, certificate);
    return { certificate, server, isNew: true };
  }
  const certificate = readFileSync(file, "utf8");
  const kept = readFileSync(keyFile, "utf8");
  const [own = "", key = ""] = kept.split(/(?=-----BEGIN PRIVATE KEY-----)/);
  const known = new X509Certificate(own);
  const isItsHost = isIP(host) === 0 ? known.checkHost(host) : known.checkIP(host);
  const again = `remove ${file} and ${keyFile}, and have the adapter trust the new one`;
  if (isItsHost === undefined) throw new Error(`${file} is for another host than ${host}; ${again}`);
  if (known.validToDate.getTime() < now) throw new Error(`${file} was valid until ${known.validTo}; ${again}`);
  createPrivateKey(key);
  return { certificate, server: { certificate: own, key }, isNew: false };
}

export function makeAuthority(host: string, now: number): Authority {
  const [authority, server] = [keyPair(), keyPair()];
  const name = "bridgehead-conformance: an authority for one server";
  const issued = (subject: string, key: KeyObject, extensions: readonly Uint8Array[]) =>
    certificateOf({ issuer: name, subject, key, now, extensions, by: authority.privateKey });
  const address = isIP(host) === 0 ? der(0x82, Buffer.from(host)) : der(0x87, bytesOfAddress(host));
  return {
    certificate: issued(name, authority.publicKey, [
      extension("2.5.29.19", sequence(der(0x01, Uint8Array.of(0xff)))), // It is an authority,
      extension("2.5.29.15", der(0x03, Uint8Array.of(2, 0x04))), // which signs certificates.
    ]),
    server: {
      certificate: issued("bridgehead-conformance: a TSP server", server.publicKey, [
        extension("2.5.29.17", sequence(address)),
        extension("2.5.29.37", sequence(objectId("1.3.6.1.5.5.7.3.1"))), // A server of TLS.
      ]),
      key: server.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    },
  };
}

function keyPair() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

interface Certified {
  readonly issuer: string;
  readonly subject: string;
  readonly key: KeyObject;
  readonly now: number;
  readonly extensions: readonly Uint8Array[];
  readonly by: KeyObject;
}

/** X.509, version 3 (RFC 5280), signed by ECDSA with SHA-256; as PEM. */
function certificateOf({ issuer, subject, key, now, extensions, by }: Certified): string {
  const algorithm = sequence(objectId("1.2.840.10045.4.3.2"));
  const signed = sequence(
    der(0xa0, der(0x02, Uint8Array.of(2))),
    der(0x02, Uint8Array.of(1), randomBytes(15)),
    algorithm,
    nameOf(issuer),
    // A clock that is behind must not refuse it.
    sequence(timeOf(now - DAY_MS), timeOf(now + VALID_MS)),
    nameOf(subject),
    key.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const whole = sequence(signed, algorithm, der(0x03, Uint8Array.of(0), sign("sha256", signed, by)));
  const lines =
    Buffer.from(whole)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** One value: tag, length, contents. */
function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(contents);
  const { length } = body;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...size), body]);
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(0x30, ...parts);
}

/** Critical: who does not know it must not trust the certificate. */
function extension(id: string, value: Uint8Array): Uint8Array {
  return sequence(objectId(id), der(0x01, Uint8Array.of(0xff)), der(0x04, value));
}

function objectId(text: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const septets = (n: number): number[] => (n < 0x80 ? [n] : [...septets(n >> 7).map((one) => one | 0x80), n & 0x7f]);
  return der(0x06, Uint8Array.of(first * 40 + second, ...rest.flatMap(septets)));
}

function nameOf(text: string): Uint8Array {
  return sequence(der(0x31, sequence(objectId("2.5.4.3"), der(0x0c, Buffer.from(text)))));
}

function timeOf(at: number): Uint8Array {
  const digits = new Date(at).toISOString().replace(/\D/g, "");
  // Two digits of the year: as it must be until 2049.
  return der(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}

function bytesOfAddress(host: string): Uint8Array {
  if (isIP(host) === 4) return Uint8Array.from(host.split("."), Number);
  const { hostname } = new URL(`http://[${host}]/`);
  const [left = "", right] = hostname.slice(1, -1).split("::");
  const groups = (part: string | undefined) => (part ? part.split(":") : []);
  const missing = 8 - groups(left).length - groups(right).length;
  const all = [...groups(left), ...Array<string>(missing).fill("0"), ...groups(right)];
  return Uint8Array.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}
