import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Finding } from "../src/foundation/finding.ts";
import type { DomainSettings } from "../src/settings/domain-settings.ts";
import { loadDomains } from "../src/settings/load.ts";
import { loadEdgeSettings, readCommentedJson } from "./edge-settings.ts";
import { addressOf } from "./workerd.ts";

/** What a check of the edge's settings file, its folder and its domains finds; nothing is changed. */
export function checkEdge(file: string): Finding[] {
  const loaded = loadEdgeSettings(file);
  if (!loaded.ok) return [{ verdict: "WRONG", about: "settings", says: loaded.error }];
  const { host, port, state, domains, domainsFile } = loaded.value;
  return [
    { verdict: "ok", about: "settings", says: file },
    { verdict: "ok", about: "listens", says: `http://${addressOf(host, port)}` },
    checkState(state),
    ...checkDomains(domains, domainsFile),
  ];
}

/** What a check of a file of domains finds, such as the variable DOMAINS has at Cloudflare. */
export function checkDomainsFile(file: string): Finding[] {
  const read = readCommentedJson(file);
  return read.ok
    ? checkDomains(JSON.stringify(read.value), file)
    : [{ verdict: "WRONG", about: "domains", says: read.error }];
}

/** A line for each domain, and one for each warning. */
function checkDomains(json: string, file: string): Finding[] {
  const all: unknown = JSON.parse(json);
  const single =
    typeof all === "object" && all !== null && !Array.isArray(all)
      ? Object.entries(all).map(([name, settings]) => ({
          about: `domain ${name}`,
          json: JSON.stringify({ [name]: settings }),
        }))
      : [{ about: "domains", json }];
  if (single.length === 0)
    return [{ verdict: "warn", about: "domains", says: `${file} has none: the edge serves nobody` }];
  const findings = single.flatMap(({ about, json }): Finding[] => {
    const loaded = loadDomains(json);
    if (!loaded.ok) return [{ verdict: "WRONG", about, says: loaded.error }];
    return Array.from(loaded.value, ([, { settings }]): Finding => ({ verdict: "ok", about, says: summary(settings) }));
  });
  return [...findings, ...warningsOf(json)];
}

/** What works, and is not right in production. */
export function warningsOf(json: string): Finding[] {
  const tooLong = json.length > MAX_VARIABLE;
  const loaded = loadDomains(json);
  const open = loaded.ok ? Array.from(loaded.value.values()).filter(({ settings }) => isOpen(settings)) : [];
  return [
    ...(tooLong
      ? [
          {
            verdict: "WRONG",
            about: "domains",
            says: `more than ${MAX_VARIABLE} characters in all: the system passes no more to a process`,
          } as const,
        ]
      : []),
    ...open.map(
      ({ name }): Finding => ({
        verdict: "warn",
        about: `domain ${name}`,
        says: "has no adapterSecrets: whoever knows its name can command its conferences (docs/security.md)",
      }),
    ),
  ];
}

/** Linux: one string of a process's environment, its name included. */
const MAX_VARIABLE = 128 * 1024 - 100;

/** Whether strangers who reach the edge can use the domain, and WebEx is not on this machine. */
function isOpen({ adapterSecrets, webex }: DomainSettings): boolean {
  return adapterSecrets.length === 0 && !webex.hosts.every((host) => /^(localhost|127\.[\d.]+|\[?::1\]?)$/i.test(host));
}

function summary({ bridges, adapterSecrets, webex }: DomainSettings): string {
  const agents = bridges.flatMap((bridge) => bridge.agents.map(({ name }) => `${bridge.name}/${name}`));
  const secrets =
    adapterSecrets.length === 0
      ? "without a secret"
      : `with ${adapterSecrets.length === 1 ? "a secret" : "two secrets"}`;
  return `agents ${agents.join(", ")}; posts to ${webex.hosts.join(", ")}; adapter URL ${secrets}`;
}

function checkState(folder: string): Finding {
  const about = "state";
  let place = folder;
  while (!statSync(place, { throwIfNoEntry: false }) && dirname(place) !== place) place = dirname(place);
  const is = statSync(place);
  if (!is.isDirectory()) return { verdict: "WRONG", about, says: `${place} is a file, and state is a folder` };
  return { verdict: "ok", about, says: place === folder ? folder : `${folder} is made at the first start` };
}
