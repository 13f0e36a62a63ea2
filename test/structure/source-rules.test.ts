import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const product = globSync(
  "{src,durable-objects,bridge-agent,cli,webex-interfaces/{client,command,tables,wire}}/**/*.{ts,tsx,js}",
);
const sources = new Map(product.map((file) => [file, withoutComments(readFileSync(file, "utf8"))]));
const forPeople = /^(?:src\/(?:console|http\/console|timeline)|cli\/operator)\//;

function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, "").replace(/(^|\s)\/\/ .*$/gm, "");
}

/** Patterns and the only files of the product that may match them. */
const rules: [title: string, pattern: RegExp, files: readonly string[], among?: RegExp][] = [
  ["runs no text as code", /\beval\(|new Function\(|node:vm|set(?:Timeout|Interval)\(\s*["'`]/, []],
  ["starts no program but systemd-notify", /node:child_process|shell: /, ["bridge-agent/service/service-manager.ts"]],
  ["quotes no value in a query", /`\s*(?:SELECT|INSERT|UPDATE|DELETE FROM|AND|WITH)\b[^`]*['"]\$\{/, []],
  [
    "makes no expression of text from outside",
    /new RegExp\(/,
    ["bridge-agent/drivers/asterisk/setup/doctor.ts", "src/tsp/xml.ts", "webex-interfaces/client/provisioning.ts"],
  ],
  [
    "makes no markup of text from outside",
    /\.(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML|\braw\((?!styleSheet\))/,
    [],
  ],
  ["takes no messages of other pages", /\bpostMessage\b|addEventListener\(["']message/, [], forPeople],
  ["stores nothing in a browser", /\b(?:local|session)Storage\b|indexedDB|document\.cookie/, []],
  [
    "draws no secret from Math.random",
    /Math\.random/,
    // Pauses before a link is retried.
    ["bridge-agent/node-ports.ts"],
  ],
  [
    "uses only the hashes, keys and ciphers of the inventory",
    /\b(?:md5|MD5|sha-?1|SHA-?1)\b|"(?:SHA-(?!256")|sha(?!256")\d|DES[-"]|RC4|AES-(?:CBC|CTR)|[RP]S(?!256")\d|PS|ES(?!256")\d|HS\d|RSA)|createCipher/,
    [],
  ],
  ["has no debug mode", /\bNODE_ENV\b|\bDEBUG\b|"node:inspector"|--inspect|\bdebugger;/, []],
  [
    "checks each certificate of a server",
    /rejectUnauthorized|NODE_TLS_REJECT_UNAUTHORIZED|checkServerIdentity|secureProtocol|minVersion|"no-verify"/,
    [],
  ],
  [
    "shows times only by shown-time.ts",
    /\.to(?:ISO|UTC|Date|Time|Locale\w*)String\(|DateTimeFormat|\.get(?:UTC)?(?:Hours|Minutes|Date|Day|Month|FullYear)\(/,
    // A time returned unchanged, the browser's zone, names of months.
    ["src/console/browser/live.js", "src/console/domain/lists.tsx"],
    forPeople,
  ],
];

test.each(rules)("%s", (_title, pattern, files, among = /^/) => {
  const found = [...sources].filter(([file, text]) => among.test(file) && pattern.test(text)).map(([file]) => file);

  expect(sources.size).toBeGreaterThan(400);
  expect(found.toSorted()).toEqual(files);
});

test("no service starts an inspector", () => {
  const files = globSync(
    "{packaging/{command,default,p*,*.service},scripts/tools/*.ts,scripts/package.ts,scripts/build.ts,wrangler.toml}",
  );
  const texts = files.map((file) => readFileSync(file, "utf8"));

  expect(texts.length).toBeGreaterThan(8);
  expect(texts.filter((text) => /--inspect|NODE_OPTIONS|NODE_DEBUG/.test(text))).toEqual([]);
});

test.each(["nginx.conf", "Caddyfile"])("packaging/%s offers no TLS below 1.2 and no redirect from HTTP", (name) => {
  const text = readFileSync(`packaging/${name}`, "utf8");
  const first = name === "nginx.conf" ? "ssl_protocols TLSv1.2 TLSv1.3;" : "auto_https disable_redirects\n";

  expect(text).toContain(first);
  expect(text).not.toMatch(/return 30\d|redir |rewrite |protocols tls1|TLSv1\.[01]|listen (?!443|\[::\]:443)/);
});

test.each(["nginx.conf", "Caddyfile"])("packaging/%s closes idle connections to the edge before the edge", (name) => {
  const secondsIn = (file: string, pattern: RegExp) => Number(pattern.exec(readFileSync(file, "utf8"))?.[1]);
  const ofEdge = secondsIn("durable-objects/node/http/http-server.ts", /keepAliveTimeout: (\d+)_000/);

  expect(secondsIn(`packaging/${name}`, /\bkeepalive(?:_timeout)? (\d+)s/)).toBeLessThan(ofEdge);
});

test("the sample for mutual TLS matches before nginx's own location", () => {
  const [, location] =
    /ssl_verify_client[\s\S]*?\n(location [^{]*){/.exec(readFileSync("docs/install-edge.md", "utf8")) ?? [];

  expect(readFileSync("packaging/nginx.conf", "utf8")).toContain("location ~ ^/(tsp|global-numbers)/ {");
  expect(location).toBe("location ^~ /tsp/ ");
});
