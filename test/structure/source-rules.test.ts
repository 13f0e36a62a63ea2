import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** What runs in production. */
const files = globSync(
  "{src,durable-objects,bridge-agent,cli,webex-interfaces/client,webex-interfaces/command}/**/*.{ts,tsx,js}",
);
const sources = files.map((file) => ({ file, text: withoutComments(readFileSync(file, "utf8")) }));

/** Each file with what of it fits. */
function found(pattern: RegExp): readonly string[] {
  return sources
    .flatMap(({ file, text }) => Array.from(text.matchAll(pattern), ([match]) => `${file}: ${match}`))
    .sort();
}

function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, "").replace(/(^|\s)\/\/ .*$/gm, "");
}

test("the rules look at the product", () => {
  expect(files.length).toBeGreaterThan(400);
  expect(found(/crypto\.subtle\.digest\("SHA-256"/g)).not.toEqual([]);
});

test("no text is run as code", () => {
  expect(found(/\beval\(|new Function\(|node:vm|set(?:Timeout|Interval)\(\s*["'`]/g)).toEqual([]);
});

test("no shell gets a text, and one program is started, with fixed words", () => {
  expect(found(/import [^;]*"node:child_process"|shell: /g)).toEqual([
    'bridge-agent/service/service-manager.ts: import { execFile } from "node:child_process"',
  ]);
  expect(found(/execFile\("systemd-notify", \[state\]/g)).toHaveLength(1);
});

test("what stands in a query to a database is a name or a number of ours; values are bound to it", () => {
  const query =
    /`\s*(?:SELECT|INSERT|UPDATE|DELETE FROM|AND|BEGIN|CREATE|DROP|ALTER|PRAGMA|ROLLBACK|SAVEPOINT|RELEASE|WITH)\b[^`]*/g;
  const parts = sources.flatMap(({ file, text }) => {
    const named = Array.from(text.matchAll(query)).flatMap(([part]) =>
      Array.from(part.matchAll(/(['"]?)\$\{([^}]*)/g), ([, quote = "", inside = ""]) => quote + inside),
    );
    return named.length === 0 ? [] : [[file, [...new Set(named)]] as const];
  });
  // By file, so that a name which is ours in one is none elsewhere; a quote before it would make a value of it.
  const ofObjects = {
    "conference/journal.ts": ["has", "columns"],
    // Conditions of ours, with a `?` for each value.
    "directory/directory-store.ts": [
      ...['holds.map((text) => (hasLetter(text) ? like : "instr(data, ?) > 0")).join(" OR ")', "held"],
      'isOldest ? "ASC" : "DESC"',
    ],
    "directory/given-up-store.ts": ["time", "is", "way"],
    "directory/known-trouble.ts": ["which"],
    "directory/prompt-store.ts": ["old", "all", "which"],
    "directory/webhooks.ts": ["table"],
    "home/log/object-database.ts": ["-cacheKiB", "depth", "table", "places", "this.#keyIs(table)"],
    "home/log/sqlite-disk.ts": ["tables", "format"],
    // What is quoted are constants.
    "home/shared/postgres-database.ts": ["postgresFormat", "isLast", "'silentLongMs"],
    "home/shared/postgres-tables.ts": ["postgresFormat"],
    "ids/id-allocator.ts": ["goes"],
    "platform/tables/person-quota.ts": ["person", "table", "deletable", "oldest"],
  };
  expect(Object.fromEntries(parts)).toEqual({
    "bridge-agent/core/journal.ts": ["FORMAT"],
    ...Object.fromEntries(Object.entries(ofObjects).map(([file, names]) => [`durable-objects/${file}`, names])),
  });
});

test("an expression is made of words of ours, or of text that is escaped", () => {
  expect(found(/new RegExp\(/g).map((line) => line.split(":")[0])).toEqual([
    ...Array(2).fill("bridge-agent/drivers/asterisk/setup/doctor.ts"), // Names of settings.
    "src/tsp/xml.ts", // A constant.
    "webex-interfaces/client/provisioning.ts", // Adapter secrets, which are letters, digits, - and _.
    "webex-interfaces/client/xml-api/dial-in.ts", // Names of variables.
  ]);
});

test("no text from outside becomes markup of a page, and no page takes messages of another one", () => {
  const markup = /\.(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML|\braw\([^)]*\)/g;
  expect(found(markup)).toEqual(["src/http/webex/global-numbers.ts: raw(styleSheet)"]);
  expect(found(/\bpostMessage\b|addEventListener\(["']message/g)).toEqual([]);
  // Whether single letters act.
  expect(found(/\b(?:local|session)Storage\.\w+\([^,)]*|indexedDB|document\.cookie/g)).toEqual([
    "src/console/browser/live.js: localStorage.getItem(storedAs",
    "src/console/browser/live.js: localStorage.setItem(storedAs",
  ]);
});

test("what nobody may guess comes from a generator that is made for it", () => {
  expect(found(/Math\.random/g)).toEqual([
    "bridge-agent/node-ports.ts: Math.random", // Pauses before a link is tried again.
    "src/console/browser/live.js: Math.random",
  ]);
});

test("keys, hashes and ciphers are those of the inventory", () => {
  expect(found(/md5|\bsha-?1\b|"(?:DES|RC4|AES-CBC|AES-CTR|RSA[\w-]*)"|createCipher\w*/gi)).toEqual([]);
  const named = found(/"(?:SHA-\d+|sha\d+|HMAC|AES-[A-Z]+|[Ee]d25519|ES\d+|[RP]S\d+|HS\d+)"/g);
  expect([...new Set(named.map((line) => line.split(": ")[1]))].sort()).toEqual(
    ['"ES256"', '"Ed25519"', '"HMAC"', '"RS256"', '"SHA-256"', '"ed25519"', '"sha256"'].sort(),
  );
});

test("the settings for mutual TLS come before nginx's own sample, whose location is a pattern", () => {
  expect(readFileSync("packaging/nginx.conf", "utf8")).toContain("location ~ ^/(tsp|global-numbers)/ {");
  const [, ofPage] =
    /ssl_verify_client[\s\S]*?\n(location [^{]*){/.exec(readFileSync("docs/operations.md", "utf8")) ?? [];
  expect(ofPage).toBe("location ^~ /tsp/ ");
});

test("the samples of a proxy offer no TLS below 1.2, and lead nobody from http to https", () => {
  const nginx = readFileSync("packaging/nginx.conf", "utf8");
  // Caddy offers 1.2 and 1.3 unless it is told otherwise.
  const caddy = readFileSync("packaging/Caddyfile", "utf8");

  expect(nginx.match(/(?:ssl_protocols|listen) .*/g)).toEqual([
    ...["listen 443 ssl;", "listen [::]:443 ssl;", "ssl_protocols TLSv1.2 TLSv1.3;"],
  ]);
  expect(`${nginx}${caddy}`).not.toMatch(/return 30\d|redir |rewrite |protocols tls1/);
  expect(caddy).toContain("\tauto_https disable_redirects\n");
});

test("there is no mode for debugging: nothing asks for one, and no service starts an inspector", () => {
  expect(found(/\bNODE_ENV\b|\bDEBUG\b|"node:inspector"|--inspect|\bdebugger;/g)).toEqual([]);
  const started = globSync("{packaging/*,scripts/debian/*,scripts/package.ts,scripts/build.ts,wrangler.toml}", {
    withFileTypes: true,
  }).filter((file) => file.isFile());
  const texts = started.map(({ parentPath, name }) => readFileSync(`${parentPath}/${name}`, "utf8"));

  expect(texts.length).toBeGreaterThan(10);
  expect(texts.filter((text) => /--inspect|NODE_OPTIONS|NODE_DEBUG/.test(text))).toEqual([]);
});

test("no certificate goes unchecked but where the settings of a database say so", () => {
  expect(
    found(/rejectUnauthorized|NODE_TLS_REJECT_UNAUTHORIZED|checkServerIdentity|secureProtocol|minVersion/g),
  ).toEqual([]);
  expect(found(/"no-verify"/g)).toEqual(['cli/edge/database-url.ts: "no-verify"']);
});
