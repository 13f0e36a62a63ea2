import { posix } from "node:path";

interface Rule {
  /** Folders of this project (or single files), packages, `node:*`. */
  readonly may: readonly string[];
  /** The same, but only what vanishes at run time. */
  readonly mayAsType?: readonly string[];
}

/** Where the folders stand, innermost first; the longest path that fits a file is the one that counts. */
export const rules: Readonly<Record<string, Rule>> = {
  "src/foundation": { may: ["ipaddr.js", "valibot"] },
  "src/delivery": { may: ["src/foundation"] },
  "src/tsp": { may: ["src/foundation", "saxes", "valibot"] },
  "src/bridge": { may: ["src/foundation", "valibot"] },
  "src/link": { may: ["src/foundation", "src/bridge", "valibot"] },
  "src/settings": {
    may: ["src/foundation", "src/records/webhooks.ts", "src/tsp", "valibot"],
  },
  "src/conference": {
    may: [
      ...["src/foundation", "src/delivery", "src/bridge", "src/tsp/messages.ts", "src/tsp/protocol-table.ts"],
      ...["src/records/call-record.ts", "src/records/conference-record.ts", "valibot"],
    ],
    mayAsType: ["src/tsp/codec.ts", "src/settings"],
  },
  "src/operators": { may: ["src/foundation", "jose", "valibot"] },
  "src/records": {
    may: [
      "src/foundation",
      "src/bridge/prompt-call.ts",
      "src/conference/facts.ts",
      "src/conference/head.ts",
      "valibot",
    ],
    mayAsType: ["src/conference", "src/operators", "src/rpc"],
  },
  "src/routing": {
    may: ["src/foundation", "src/delivery", "src/tsp/messages.ts", "src/tsp/protocol-table.ts"],
    mayAsType: ["src/rpc"],
  },
  "src/explain": {
    may: [
      "src/foundation",
      "src/bridge",
      "src/conference",
      "src/records/call-record.ts",
      "src/records/outcomes.ts",
      "src/tsp",
    ],
    mayAsType: ["src/rpc", "src/settings"],
  },
  "src/console": {
    may: [
      ...["src/foundation", "src/conference/action-row.ts", "src/conference/operator-actions.ts"],
      ...[
        "src/explain/story-blocks.ts",
        "src/operators/edge-pair.ts",
        "src/operators/figures.ts",
        "src/operators/send-again.ts",
        "src/operators/trouble-kinds.ts",
        "src/records",
        "hono",
      ],
    ],
    mayAsType: ["src/bridge", "src/conference", "src/operators", "src/rpc"],
  },
  "src/http": {
    may: [
      "src/console",
      "src/foundation",
      "src/conference/action-row.ts",
      "src/conference/operator-actions.ts",
      "src/tsp",
      "src/routing",
      "src/settings",
      "src/link",
      "src/operators",
      "src/records",
      "src/rpc",
      "hono",
      "valibot",
      "@valibot/to-json-schema",
    ],
    mayAsType: ["src/conference"],
  },
  "src/rpc": {
    may: ["src/foundation", "src/bridge/prompt-call.ts", "src/records/activity.ts", "valibot"],
    mayAsType: ["src/bridge", "src/conference", "src/link", "src/operators", "src/records", "src/tsp"],
  },
  "src/edge.ts": {
    may: ["src/foundation", "src/http", "src/operators", "src/routing", "src/settings"],
    mayAsType: ["src/rpc"],
  },
  "src/worker.ts": {
    may: ["cloudflare:workers", "src/edge.ts", "src/http/text-answer.ts", "durable-objects/cloudflare"],
  },
  "src/home.ts": {
    may: ["src/edge.ts", "src/foundation", "src/settings", "durable-objects", "node:crypto"],
    mayAsType: ["src/rpc"],
  },
  "durable-objects/cloudflare": {
    may: ["cloudflare:workers", "src/rpc", "src/settings", "durable-objects"],
    mayAsType: ["src/foundation"],
  },
  "durable-objects/home": {
    may: [
      "@hono/node-server",
      "node:*",
      "pg",
      "tinyqueue",
      "ws",
      "src/foundation",
      "src/delivery",
      "src/http/headers.ts",
      "src/http/problem.ts",
      "src/http/text-answer.ts",
      "src/http/viewer.ts",
      "src/operators/edge-pair.ts",
      "src/rpc",
      "durable-objects",
    ],
  },
  "durable-objects": {
    may: [
      "standardwebhooks",
      "src/foundation",
      "src/delivery",
      "src/tsp",
      "src/bridge",
      "src/link",
      "src/conference",
      "src/explain",
      "src/operators",
      "src/records",
      "src/routing",
      "src/rpc",
      "src/settings",
    ],
  },
  "bridge-agent": {
    may: [
      "src/foundation",
      "src/delivery",
      "src/bridge",
      "src/link",
      "bridge-agent/drivers",
      "node:*",
      "ws",
      "proxy-from-env",
      "pino",
      "sonic-boom",
      "commander",
      "valibot",
    ],
  },
  "bridge-agent/drivers": {
    may: [
      ...["src/foundation", "src/delivery", "src/bridge", "bridge-agent/link/reconnecting-socket.ts"],
      ...["node:*", "ws", "valibot"],
    ],
  },
  "simulators/bridge": {
    may: [
      "src/foundation",
      "src/bridge",
      "simulators/control-requests.ts",
      "simulators/port.ts",
      "node:*",
      "ws",
      "valibot",
    ],
  },
  "simulators/webex": { may: ["src/foundation", "src/tsp", "simulators/port.ts", "node:*"] },
  "simulators/telephones": { may: ["scripts/supervise.ts", "simulators/free-ports.ts", "node:*"] },
  "simulators/control-requests.ts": { may: ["src/foundation/text/wrong-value.ts", "node:*", "valibot"] },
  "simulators/draws.ts": { may: [] },
  "simulators/free-ports.ts": { may: ["node:*"] },
  "simulators/port.ts": { may: [] },
  cli: {
    may: [
      "src/foundation",
      "src/operators",
      "src/settings",
      "webex-interfaces/doors/command.ts",
      "src/bridge",
      "src/conference/action-row.ts",
      "src/conference/operator-actions.ts",
      "src/explain/story-blocks.ts",
      "src/records/given-up-post.ts",
      "src/records/person-line.ts",
      "bridge-agent/drivers",
      "bridge-agent/node-ports.ts",
      "bridge-agent/service/log-destination.ts",
      "bridge-agent/service/service-manager.ts",
      "bridge-agent/service/small-heap.ts",
      "bridge-agent/service/state-folder.ts",
      "durable-objects/home/log",
      "durable-objects/home/shared",
      "node:*",
      "commander",
      "valibot",
    ],
    mayAsType: ["src/rpc", "src/http/api", "src/home.ts"],
  },
  scripts: {
    may: [
      ...["src", "cli", "bridge-agent", "simulators", "webex-interfaces/doors", "node:*", "commander", "esbuild"],
      ...["test/transcripts", "pg"],
    ],
  },
  conformance: { may: ["conformance/doors/foundation.ts", "node:*", "commander", "fast-xml-parser"] },
  "conformance/doors/foundation.ts": {
    may: ["src/foundation/table.ts", "src/foundation/version.ts", "simulators/telephones"],
  },
  "conformance/doors/kit.ts": { may: ["conformance"] },
  "conformance/test": {
    may: [
      "conformance",
      "src/tsp/messages.ts",
      "src/tsp/protocol-table.ts",
      "test/structure/imports.ts",
      "node:*",
      "fast-xml-parser",
      "vitest",
    ],
  },
  "webex-interfaces/client": { may: ["webex-interfaces/doors/foundation.ts", "fast-xml-parser"] },
  "webex-interfaces/site": { may: ["webex-interfaces/doors/programs.ts", "node:*", "fast-xml-parser", "valibot"] },
  "webex-interfaces/command": {
    may: [
      ...["webex-interfaces/client", "webex-interfaces/doors/foundation.ts", "webex-interfaces/doors/programs.ts"],
      ...["node:*", "commander"],
    ],
  },
  "webex-interfaces/page": { may: ["webex-interfaces/client", "webex-interfaces/doors/programs.ts", "node:*"] },
  "webex-interfaces/doors": { may: ["webex-interfaces/command", "webex-interfaces/page"] },
  "webex-interfaces/doors/foundation.ts": { may: ["src/foundation"] },
  "webex-interfaces/doors/programs.ts": {
    may: [
      ...["bridge-agent/node-ports.ts", "cli/system-reason.ts", "cli/terminal.ts"],
      ...[
        "scripts/generated-page.ts",
        "simulators/control-requests.ts",
        "simulators/free-ports.ts",
        "simulators/port.ts",
      ],
    ],
  },
  "webex-interfaces/test": {
    may: ["webex-interfaces", "node:*", "commander", "fast-check", "fast-xml-parser", "saxes", "vitest"],
  },
  "webex-interfaces/test/site": {
    may: ["webex-interfaces/site", "webex-interfaces/doors/programs.ts", "node:*", "fast-check", "vitest"],
  },
  bench: {
    may: [
      ...["src", "simulators", "scripts", "durable-objects/home/log", "durable-objects/home/shared"],
      ...["node:*", "cloudflare:workers", "ws"],
    ],
    mayAsType: ["durable-objects"],
  },
};

interface Import {
  readonly file: string;
  readonly line: number;
  readonly from: string;
  readonly typeOnly: boolean;
}

/** The rule in words; docs/architecture.md has the same. */
function allowed({ may, mayAsType = [] }: Rule): string {
  return [...may, ...mayAsType.map((name) => `types of ${name}`)].join(", ") || "nothing";
}

/** Every `import`, `export … from` and `import()` of a file. */
export function importsOf(file: string, text: string): Import[] {
  const statement =
    /^\s*(import|export)\b([^;"']*?)\bfrom\s*["']([^"']+)["']|(?:^\s*import\s+|\bimport\s*\(\s*)["']([^"']+)["']/gm;
  return [...text.matchAll(statement)].map((match) => ({
    file,
    line: text.slice(0, match.index + match[0].search(/\S/)).split("\n").length,
    from: match[3] ?? match[4] ?? "",
    typeOnly: isTypeOnly(match[2] ?? ""),
  }));
}

/** A sentence for each import that its folder's rule does not allow. */
export function violations(imports: readonly Import[]): string[] {
  return imports.flatMap((found) => {
    const folder = longestPrefix(found.file, Object.keys(rules));
    if (!folder) return [`${found.file}:${found.line}: there is no rule for this folder`];
    const target = targetOf(found);
    if (longestPrefix(target, Object.keys(rules)) === folder) return [];
    const rule = rules[folder] ?? { may: [] };
    if (isAmong(target, rule.may) || (found.typeOnly && isAmong(target, rule.mayAsType ?? []))) return [];
    return [`${found.file}:${found.line}: imports ${target}, but ${folder} may import ${allowed(rule)}`];
  });
}

function targetOf({ file, from }: Import): string {
  return from.startsWith(".") ? posix.join(posix.dirname(file), from) : from;
}

/** What a folder is allowed, and does not import. */
export function unused(imports: readonly Import[]): string[] {
  const found = imports.map((one) => ({
    ...one,
    folder: longestPrefix(one.file, Object.keys(rules)),
    target: targetOf(one),
  }));
  return Object.entries(rules).flatMap(([folder, { may, mayAsType = [] }]) =>
    [...may, ...mayAsType]
      .filter((name) => !found.some((one) => one.folder === folder && isAmong(one.target, [name])))
      .map((name) => `${folder} does not import ${name}`),
  );
}

/** The files of each circle, in which each imports the next one, types included. */
export function circlesIn(imports: ReadonlyMap<string, readonly Import[]>): string[] {
  const targets = new Map(
    Array.from(imports, ([file, found]) => [file, found.map(({ from }) => posix.join(posix.dirname(file), from))]),
  );
  // A file that imports nothing that is left is in no circle, nor is one that nothing that is left imports.
  for (let before = 0; before !== targets.size; ) {
    before = targets.size;
    const imported = new Set([...targets.values()].flat());
    for (const [file, all] of targets) {
      if (!imported.has(file) || !all.some((target) => targets.has(target))) targets.delete(file);
    }
  }
  const circles = Array.from(targets.keys(), (file) => {
    const reached = reachedFrom(file, targets);
    return [...reached].filter((other) => reachedFrom(other, targets).has(file)).toSorted();
  });
  return [...new Set(circles.filter((circle) => circle.length > 0).map((circle) => circle.join(", ")))];
}

function reachedFrom(file: string, targets: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set((targets.get(file) ?? []).filter((target) => targets.has(target)));
  for (const one of reached) for (const next of targets.get(one) ?? []) if (targets.has(next)) reached.add(next);
  return reached;
}

function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const names = clause
    .match(/^\s*\{([^}]*)\}\s*$/)?.[1]
    ?.split(",")
    .filter((name) => name.trim());
  return names?.every((name) => /^\s*type\s/.test(name)) ?? false;
}

function isAmong(target: string, allowed: readonly string[]): boolean {
  return allowed.some((name) => (name === "node:*" ? target.startsWith("node:") : isWithin(target, name)));
}

function longestPrefix(path: string, folders: readonly string[]): string | undefined {
  return folders.filter((folder) => isWithin(path, folder)).sort((a, b) => b.length - a.length)[0];
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
