import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** `node forgotten.ts FOLDER`: what somebody has begun in the sources of this folder and no type misses, a line each. */
const folder = process.argv[2] ?? "";
const read = (file: string) => readFileSync(join(folder, file), "utf8");
const load = (file: string) => import(join(folder, file));

const { commandTypes, needsOf }: typeof import("../../src/bridge/command-rules.ts") =
  await load("src/bridge/command-rules.ts");
const { abilities }: typeof import("../../src/bridge/commands.ts") = await load("src/bridge/commands.ts");
const { decisive }: typeof import("../../src/settings/domain-settings.ts") = await load(
  "src/settings/domain-settings.ts",
);
const { webhookEventTypes }: typeof import("../../src/records/webhooks.ts") = await load("src/records/webhooks.ts");

const rules = globSync("src/conference/**/*.ts", { cwd: folder })
  .filter((file) => !file.endsWith("/reports.ts"))
  .map(read)
  .join("\n");
const kinds = [{ kind: "sub", muted: true }, { kind: "private" }] as const;
const needed = new Set(commandTypes.flatMap((type) => kinds.map((kind) => needsOf({ type, ...kind }))));
const drivers = readdirSync(join(folder, "bridge-agent/drivers")).filter((name) =>
  existsSync(join(folder, "bridge-agent/drivers", name, "kind.ts")),
);
const registry = read("bridge-agent/drivers/registry.ts");
const [, examples = ""] = /```json\n(.*?)\n```/s.exec(read("docs/webhooks.md")) ?? [];
const onPage = examples.split("\n").map((line) => (JSON.parse(line) as { readonly type: string }).type);
const events: readonly string[] = webhookEventTypes;

for (const type of commandTypes) if (!rules.includes(`"${type}"`)) console.log(`nobody issues the command ${type}`);
for (const one of abilities) if (!needed.has(one)) console.log(`no command needs the ability ${one}`);
for (const name of decisive)
  if (!new RegExp(`\\b${name}\\b`).test(rules)) console.log(`no rule reads the setting ${name}`);
for (const name of drivers) if (!registry.includes(`"./${name}/`)) console.log(`the driver ${name} has no line`);
for (const type of events) if (!onPage.includes(type)) console.log(`docs/webhooks.md has no example of ${type}`);
for (const type of onPage) if (!events.includes(type)) console.log(`docs/webhooks.md has ${type}, which is no event`);
