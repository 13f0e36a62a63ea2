import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bridgehead } from "../../cli/bridgehead.ts";
import { checkDomainsFile, checkEdge } from "../../cli/edge/check.ts";
import { faultOfDatabase } from "../../cli/edge/database.ts";
import { settingsExample } from "../../cli/edge/settings-example.ts";
import { openState } from "../../durable-objects/node/rows/sqlite-file.ts";
import { localDomain } from "../../src/settings/local-domain.ts";

const publicKey = "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw";
const local = localDomain({ agents: [{ name: "agent-1", publicKey }] });
const open = { ...local, webex: { ...local.webex, hosts: ["*.webex.com"] } };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-check-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function written(name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content));
  return file;
}

/** The findings without what is well. */
async function complaints(settings: unknown): Promise<string[]> {
  return (await checkEdge(written("edge.json", settings))).flatMap(({ verdict, about, says }) =>
    verdict === "ok" ? [] : `${verdict} ${about}: ${says}`,
  );
}

test("the printed example is right as soon as key and secret are one's own, and refused before", async () => {
  const example = settingsExample("acme");
  const own = example
    .replace("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", publicKey)
    .replace("q3J8xWm0ZbV5tYk2", "0123456789abcdef012345");

  expect(await complaints(example)).toEqual([
    expect.stringMatching(/^WRONG domain acme: domains\.acme\.adapterSecrets\.0 is the sample secret of the documents/),
    expect.stringMatching(/^WRONG domain acme: domains\.acme\.bridges\.0\.agents\.0\.publicKey is the sample key /),
  ]);
  expect(await complaints(own)).toEqual([]);
  expect((await checkEdge(join(folder, "edge.json"))).map(({ about }) => about)).toEqual([
    "settings",
    "listens",
    "state",
    "token",
    "operators",
    "domain acme",
  ]);
});

test.each(['a b"c', "", "a/b"])("no example is printed of a domain %j, which would be refused", async (domain) => {
  const program = bridgehead({ edge: () => Promise.reject(new Error("nothing is served")) });
  const errors: string[] = [];
  for (const command of [program, ...program.commands.flatMap((one) => [one, ...one.commands])]) {
    command.exitOverride().configureOutput({ writeErr: (text) => errors.push(text) });
  }

  const printed = program.parseAsync(["settings", "example", "--domain", domain], { from: "user" });

  await expect(printed).rejects.toThrow(/ is invalid\. It must be 1 to 40 of letters, digits, - and _\.$/);
  expect(errors).toHaveLength(1);
});

test("each domain has its own verdict, and one that strangers could use a warning", async () => {
  const domains = { good: local, open, wrong: { ...local, createTimeoutMs: 0 } };

  expect((await complaints({ state: "state", domains })).map((line) => line.slice(0, 60))).toEqual([
    "WRONG domain wrong: domains.wrong.createTimeoutMs must be at",
  ]);
  expect(await complaints({ state: "state", domains: { local, open } })).toEqual([
    expect.stringMatching(/^warn domain open: has no adapterSecrets/),
  ]);
});

test.each<[host: string, trustedProxies: readonly string[], from: readonly string[], isClosed: boolean]>([
  ["127.0.0.1", [], ["192.0.2.0/24"], true],
  ["127.0.0.1", ["10.0.0.1"], ["192.0.2.0/24"], true],
  ["127.0.0.1", ["127.0.0.1"], ["192.0.2.0/24"], false],
  ["127.0.0.1", ["127.0.0.0/8"], ["192.0.2.0/24"], false],
  ["127.0.0.1", [], ["192.0.2.0/24", "127.0.0.1"], false],
  // Others may reach it without a proxy.
  ["0.0.0.0", [], ["192.0.2.0/24"], false],
])(
  "that an edge on %s with trustedProxies %j and webex.from %j takes no documents is warned of: %s",
  async (host, trustedProxies, from, isClosed) => {
    const domains = { local: { ...local, webex: { ...local.webex, from } } };
    const warned =
      /^warn domain local: takes no documents: .* on \S+, .* set X-Forwarded-For, and then name it in trustedP/;
    const warnings = await complaints({ state: "state", host, trustedProxies, domains });
    expect(warnings).toEqual(isClosed ? [expect.stringMatching(warned)] : []);
  },
);

test("domains may have a file of their own, which can be checked alone", async () => {
  const file = written("domains.json", { local });

  expect(await complaints({ state: "state", domains: "domains.json" })).toEqual([]);
  expect(checkDomainsFile(file)).toEqual([{ verdict: "ok", about: "domain local", says: expect.any(String) }]);
  expect(checkDomainsFile(join(folder, "none.json"))).toEqual([
    {
      verdict: "WRONG",
      about: "domains",
      says: expect.stringMatching(/none\.json cannot be read \(there is no such file\)$/),
    },
  ]);
});

test("domains that a Worker's variable cannot hold are named", () => {
  const size = JSON.stringify({ d10: local }).length - 1;
  const fit = Math.floor(4_999 / size);
  const says = (count: number) => {
    const all = Object.fromEntries(Array.from({ length: count }, (_, index) => [`d${index + 10}`, local]));
    return checkDomainsFile(written("domains.json", all)).flatMap((one) => (one.verdict === "ok" ? [] : one.says));
  };
  const wrong = `all have ${1 + 60 * size} bytes as one line, and a Worker's variable holds 5000: d${fit + 10} and what`;

  expect([says(fit), says(fit + 1).length]).toEqual([[], 1]);
  expect(says(60)).toEqual([expect.stringContaining(wrong)]);
});

test.each([
  ["{", /is not JSON/],
  ['"token"', /edge\.json: it must be a JSON object \(it is a text\)$/],
  [{ state: "s", operators: "token.json", domains: {} }, /token\.json: operators must be an object \(it is a text\); /],
  [Buffer.from("{}// \xfc", "latin1"), /edge\.json cannot be read \(it is not UTF-8: byte 0xFC at line 1, column 6/],
  [Buffer.from("\ufeff{}", "utf16le"), /edge\.json cannot be read \(it is UTF-16: save it as UTF-8\)$/],
  [{ state: "s", domains: "latin1.json" }, /latin1\.json cannot be read \(it is not UTF-8: byte 0xF6 at line 2, /],
  [{ state: "s", operators: "latin1.json", domains: {} }, /latin1\.json cannot be read \(it is not UTF-8: byte 0xF6 /],
  [{ state: "s", operatorTokenFile: "latin1.json", domains: { local } }, /^WRONG token: .* \(it is not UTF-8: /],
  [{ state: "s", domains: "token.json" }, /domains must be a JSON object .* to settings \(it is a text\); /],
  [{ state: "s", operators: [], domains: {} }, /operators must be an object of people, or a file \(it is a list\); /],
  [JSON.parse('{ "state": "s", "domains": { "__proto__": {} } }'), /domains\.__proto__ is not a setting; leave it out/],
  [{ sate: "s", domains: {} }, /sate is no setting; did you mean state\?$/],
  [{ state: "s", domains: {}, colour: 1 }, /colour is no setting; the settings are host, port, trustedProxies, state/],
  [{ domains: {} }, /state is missing; a right example: "\/var\/lib\/bridgehead-edge"/],
  [{ state: "s", domains: {}, port: "80" }, /port must be a number \(it is "80"\); a right example: 8787/],
  [
    { state: "s", domains: {}, trustedProxies: ["10.0.0.0/33"] },
    /trustedProxies\.0 must be an address or a network, such as 192\.0\.2\.0\/24 or 2001:db8::\/32 \(it is "10\.0\.0\.0\/33"\); a right example: \["127\.0\.0\.1"\]$/,
  ],
  [{ state: "s", domains: {} }, /has none: the edge serves nobody/],
  [{ state: "/proc/sys/bridgehead/state", domains: { local } }, /^WRONG state: cannot write in \/proc\/sys \(/],
  [
    { state: "~/state", domains: {} },
    /edge\.json: state must not begin with ~, which stands for no folder here; a right example: "\/var\/lib\/bridge/,
  ],
  [{ state: "mysql://u:p@x/y", domains: {} }, /state must be a folder, or a database that begins with postgresql:/],
  [{ state: "postgresql://h/d", url: "http://e", domains: {} }, /name is missing: each edge .* example: "edge-1"$/],
  [{ state: "postgresql://h/d", name: "e", domains: {} }, /url is missing: each edge of a database has its own/],
  [
    { state: "postgresql://u:p@127.0.0.1:1,127.0.0.1:2/d", name: "e", url: "http://e", domains: { local } },
    /^WRONG state: the database cannot be used \(postgresql:\/\/127\.0\.0\.1:1\/d: .*refused; postgresql:.*:2\/d: /,
  ],
  [{ state: "edge.json", domains: { local } }, /^WRONG state: .*edge\.json is a file, and a folder is needed/],
  [
    { state: "s", operatorTokenFile: "/proc/version", domains: { local } },
    /^WRONG token: \/proc\/version holds a blank or a letter outside ASCII/,
  ],
  [
    { state: "s", operatorTokenFile: "/proc/sys/token", domains: { local } },
    /^WRONG token: cannot write in \/proc\/sys \(.*\); run this as the user to whom it belongs, or set operatorTokenFile to another/,
  ],
])("settings such as %j are told in one line", async (settings, line) => {
  written("token.json", '"token"');
  written("latin1.json", Buffer.from('{\n "S\xf6hne": {} }', "latin1"));
  expect((await complaints(settings)).at(-1)).toMatch(line);
});

test("refuses a settings file without a name, or that is a folder", async () => {
  expect((await checkEdge("")).map(({ says }) => says)).toEqual([
    "the name of the settings file is empty; name a file such as /etc/bridgehead/edge.json",
  ]);
  expect((await checkEdge(folder)).map(({ says }) => says)).toEqual([`${folder} cannot be read (it is a folder)`]);
});

test.each([
  ["192.0.2.9", /^WRONG listens: cannot listen on \S+ \(.*\); set host to an address of this machine, such as 127/],
  ["2001:db8::9", /^WRONG listens: cannot listen on/],
  ["0.0.0.0", null],
  ["localhost", null],
])("checks the host %s", async (host, fault) => {
  const expected = fault === null ? [] : [expect.stringMatching(fault)];
  expect(await complaints({ host, state: "s", domains: { local } })).toEqual(expected);
});

test("warns of a secret file open to everybody, with the fix", async () => {
  const [domains, token] = [written("domains.json", { local }), written("token", "f4Kp9-sVq2LmX7_bT0hWcZ1nRy")];
  const settings = { state: "state", domains: "domains.json", operatorTokenFile: "token" };
  const own = written("edge.json", settings);
  for (const path of [own, domains, token]) chmodSync(path, 0o644);

  chmodSync(folder, 0o750);
  expect(await complaints(settings)).toEqual([]);
  chmodSync(folder, 0o755);
  expect(await complaints(settings)).toEqual([
    `warn settings: everybody on this machine can read ${own}: give it to the right group (chgrp), then run chmod o= ${own}`,
    `warn domains: everybody on this machine can read ${domains}: give it to the right group (chgrp), then run chmod o= ${domains}`,
    `warn token: everybody on this machine can read ${token}: give it to the right group (chgrp), then run chmod o= ${token}`,
  ]);
  for (const path of [own, token]) chmodSync(path, 0o640);
  chmodSync(domains, 0o642);
  expect(await complaints(settings)).toEqual([expect.stringContaining(`can write to ${domains}: `)]);
});

test("a state that everybody can read is a warning", async () => {
  const file = stateIn(join(folder, "state"));
  chmodSync(folder, 0o755);
  for (const path of [join(folder, "state"), dirname(file)]) chmodSync(path, 0o755);
  chmodSync(file, 0o644);
  chmodSync(written("edge.json", {}), 0o600);

  expect(await complaints({ state: "state", domains: { local } })).toEqual([
    `warn state: everybody on this machine can read ${file}: give it to the right group (chgrp), then run chmod o= ${file}`,
  ]);
});

test("says what is in a state, and leaves it as it is", async () => {
  const file = stateIn(join(folder, "state"));
  const found = async () =>
    (await checkEdge(written("edge.json", { state: "state", domains: { local } }))).find(
      ({ about }) => about === "state",
    );

  expect(await found()).toEqual({
    ...{ verdict: "ok", about: "state" },
    says: `${file}: 0 conferences, as of 1970-01-01T00:00:00.000Z`,
  });
  expect(readdirSync(dirname(file))).toEqual(["state.db"]);
  rmSync(file);
  expect(await found()).toMatchObject({
    verdict: "ok",
    says: `${join(folder, "state")} has no state: the edge begins without a conference`,
  });
});

/** A new state in this folder. Returns its file. */
function stateIn(state: string): string {
  const file = join(state, "state.db");
  mkdirSync(state, { mode: 0o700 });
  openState(file).close();
  return file;
}

test("refuses a state that is damaged, and leaves it as it is", async () => {
  const file = stateIn(join(folder, "state"));
  writeFileSync(file, "no database", { flag: "r+" });
  const before = readFileSync(file);

  expect(await complaints({ state: "state", domains: { local } })).toEqual([
    `WRONG state: cannot read ${file} (file is not a database)`,
  ]);
  expect(readFileSync(file)).toEqual(before);
});

test("refuses a state of another format", async () => {
  const file = stateIn(join(folder, "state"));
  const database = new DatabaseSync(file);
  database.exec("PRAGMA user_version = 7");
  database.close();

  expect(await complaints({ state: "state", domains: { local } })).toEqual([
    `WRONG state: ${file} is no state of this release (format 7, not 1): move it away`,
  ]);
});

test.each([
  ["postgresql://u:p@/d", "must name a host, or several with a comma between them, as in db-1,db-2:5433"],
  ["postgresql://u:p@one:99999/d", "must name a host, or several with a comma between them, as in db-1,db-2:5433"],
  ["postgresql://h/d?ssl=1&options=-c%20jit%3Doff", "must not set options of the session: the edge sets its own"],
  ["postgresql://u:p@one,two", "must end with the name of a database, as in postgresql://db-1/bridgehead"],
  ["/var/lib/bridgehead", "must be a database as postgresql://…"],
])("of the database %s an operator hears what is wrong", (url, fault) => {
  expect(faultOfDatabase(url)).toEqual(fault);
});

test.each([
  "postgresql://h/d",
  "postgres://u:p%40ss@one:5433,[::1]:5432/d?sslmode=verify-full&sslrootcert=/etc/passwd",
  "postgresql:///d?host=/var/run/postgresql",
])("the database %s can be asked", (url) => {
  expect(faultOfDatabase(url)).toBe(null);
});

test.each(["p@ss", "p/ss", "p%zz"])("the password %s in a URL is told, and not shown", (password) => {
  expect(faultOfDatabase(`postgresql://u:${password}@h/d`)).toBe(
    "has a letter in its password that a URL writes otherwise: `@` as %40, `/` %2F, `?` %3F, `#` %23, `%` %25",
  );
});

test("warns of domains that share numbers, as the running edge says", async () => {
  const alert = { id: "numbers-shared:main", says: "Both use it.", todo: { text: "Set dialIn." } };
  const others = { id: "bridge-full:main", says: "It is full.", todo: { text: "Wait." } };
  const answers: Record<string, object> = {
    "/active": {},
    "/api/v1/domains/local/alerts": { alerts: [others, alert] },
  };
  const edge = createServer(({ url = "" }, response) => {
    response.writeHead(url in answers ? 200 : 404).end(JSON.stringify(answers[url] ?? { detail: "no such domain" }));
  }).listen(0, "127.0.0.1");
  await once(edge, "listening");
  const { port } = edge.address() as AddressInfo;
  mkdirSync(join(folder, "state"), { mode: 0o700 });
  writeFileSync(join(folder, "state", "operator-token"), "0123456789abcdef0123456789abcdef", { mode: 0o600 });

  const said = await complaints({ port, state: "state", domains: { local, other: local } });

  edge.close();
  expect(said).toContain("warn domain local: Both use it. Set dialIn.");
  expect(said.join()).not.toContain("full");
});
