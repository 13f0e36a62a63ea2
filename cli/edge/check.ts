import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { openToAll, secretFile } from "../../bridge-agent/service/state-folder.ts";
import { Networks } from "../../src/foundation/guard/networks.ts";
import { isLoopback } from "../../src/foundation/loopback.ts";
import { isRecord } from "../../src/foundation/record.ts";
import { type CheckResult, type Finding, findingsOf, right, warn, wrong } from "../../src/foundation/text/finding.ts";
import { reasonOf } from "../../src/foundation/text/reason.ts";
import { type Operator, readOperators, unknownDomains } from "../../src/operators/people.ts";
import { checkDomains } from "../../src/settings/check-domains.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import { loadDomains, secretsOf } from "../../src/settings/load.ts";
import { secretIn } from "../../src/settings/values.ts";
import { warningsOf as warningsOfDomain } from "../../src/settings/warnings.ts";
import { EdgeApi } from "../operator/edge-api.ts";
import { acts } from "../operator/find-edge.ts";
import { isDatabase } from "./database.ts";
import { addressOf, type EdgeSettings, loadEdgeSettings, readCommentedJson, urlHere } from "./edge-settings.ts";
import { readOperatorToken, requireListening, requireStrongToken, requireWritable, stateFile } from "./edge-state.ts";
import { stateText } from "./state-file.ts";

/** What a check of the edge's settings file, its folder and its domains finds; nothing is changed. */
export async function checkEdge(file: string): Promise<Finding[]> {
  const loaded = loadEdgeSettings(file);
  if (!loaded.ok) return [{ verdict: "WRONG", about: "settings", says: loaded.error }];
  const { host, port, state, operatorTokenFile, operators, domains, domainsFile } = loaded.value;
  const openDomains = domainsFile === file ? null : openToAll(domainsFile);
  const found: Finding[] = [{ about: "settings", ...secretFile(file) }];
  if (openDomains !== null) found.push({ about: "domains", ...warn(openDomains) });
  const checks = {
    listens: async () => {
      await requireListening(host, 0, "host to an address of this machine, such as 127.0.0.1");
      return right(`http://${addressOf(host, port)}`);
    },
    state: async () =>
      isDatabase(state) ? (await import("./shared-state.ts")).checkDatabase(state) : checkFolder(state),
    token: () => checkToken(operatorTokenFile, state),
  };
  for await (const finding of findingsOf(checks)) found.push(finding);
  return [
    ...found,
    ...checkOperators(operators, domains),
    ...domainFindings(domains, domainsFile),
    ...closedDomains(loaded.value),
    ...missingSecretsOf(domains, process.env),
    ...(await sharedNumbers(loaded.value).catch((error) => [{ about: "alerts", ...warn(reasonOf(error)) }])),
  ];
}

/** Asks the running edge, because agents report their numbers only to it. */
async function sharedNumbers({ host, port, operatorTokenFile, domains }: EdgeSettings): Promise<Finding[]> {
  const url = urlHere(host, port);
  if (!(await acts(url))) return [];
  const token = readOperatorToken(operatorTokenFile);
  const edge = new EdgeApi({ url, urlFrom: "the settings", token, tokenFrom: operatorTokenFile });
  const names = Object.keys(Object(JSON.parse(domains)));
  const answers = names.map(async (domain) => (await edge.find("GET /domains/{domain}/alerts", { domain }))?.alerts);
  return (await Promise.all(answers)).flatMap((alerts = [], place) =>
    alerts
      .filter(({ id }) => id.startsWith("numbers-shared"))
      .map(({ says, todo }) => ({ about: `domain ${names[place]}`, ...warn(`${says} ${todo.text}`) })),
  );
}

/** Who may sign in beside whoever has the operator's token. */
function checkOperators(json: string, domains: string): Finding[] {
  const operators = readOperators(json);
  if (!operators.ok || json === "") return [];
  const { people, access } = operators.value;
  const said = [
    ...people.map(({ name, ...rights }) => `${name} (${rightsText(rights)})`),
    ...(access?.people ?? []).map(({ email, ...rights }) => `${email} (${rightsText(rights)}, by Cloudflare Access)`),
  ];
  const unknown = unknownDomains(operators.value, Object.keys(Object(JSON.parse(domains))));
  return [
    { verdict: "ok", about: "operators", says: said.join("; ") || "nobody but whoever has the operator's token" },
    ...unknown.map((domain) => ({ about: "operators", ...warn(`there is no domain ${domain}`) })),
  ];
}

function rightsText({ role, domains }: Omit<Operator, "name">): string {
  return `${role} of ${domains.join(", ")}`;
}

/** What a check of a file of domains finds, such as the variable DOMAINS has at Cloudflare. */
export function checkDomainsFile(file: string): Finding[] {
  const read = readCommentedJson(file);
  return read.ok
    ? [...domainFindings(JSON.stringify(read.value), file), ...overVariable(read.value)]
    : [{ verdict: "WRONG", about: "domains", says: read.error }];
}

/** https://developers.cloudflare.com/workers/platform/limits/#environment-variables */
const variableBytes = 5_000;

function overVariable(all: unknown): Finding[] {
  let bytes = 1;
  const over = Object.entries(isRecord(all) ? all : {}).filter(([name, domain]) => {
    bytes += Buffer.byteLength(JSON.stringify({ [name]: domain })) - 1;
    return bytes > variableBytes;
  });
  if (!over[0]) return [];
  const says = `all have ${bytes} bytes as one line, and a Worker's variable holds ${variableBytes}: ${over[0][0]} and what follows it do not fit; give them to another Worker (wrangler deploy --name), shorten them, or run the edge on a machine of your own (docs/install-edge.md)`;
  return [{ about: "domains", ...wrong(says) }];
}

/** A fault of the domains, which the settings file has in `domains`. */
export function asInFile(fault: string): string {
  return fault.replace(/^DOMAINS/, "domains");
}

/** A line for each domain, or for each of its mistakes, and one for each warning. */
function domainFindings(json: string, file: string): Finding[] {
  const all: unknown = JSON.parse(json);
  const single = isRecord(all)
    ? Object.entries(all).map(([name, domain]) => ({
        about: `domain ${name}`,
        json: JSON.stringify({ [name]: domain }),
      }))
    : [{ about: "domains", json }];
  if (single.length === 0) return [{ about: "domains", ...warn(`${file} has none: the edge serves nobody`) }];
  const findings = single.flatMap(({ about, json }): Finding[] => {
    const checked = checkDomains(json);
    if (!checked.ok) return checked.error.map((says) => ({ verdict: "WRONG", about, says: asInFile(says) }));
    return Object.values(checked.value).map((settings) => ({ about, ...right(summary(settings)) }));
  });
  return [...findings, ...warningsOf(json)];
}

export function warningsOf(json: string): Finding[] {
  const loaded = loadDomains(json);
  const domains = loaded.ok ? Array.from(loaded.value.values()) : [];
  return domains.flatMap((domain) =>
    warningsOfDomain(domain).map((says) => ({ about: `domain ${domain.name}`, ...warn(says) })),
  );
}

/** What reaches an edge on loopback comes from its machine, and is foreign to `webex.from` that does not name it. */
export function closedDomains(settings: Pick<EdgeSettings, "host" | "trustedProxies" | "domains">): Finding[] {
  const { host, trustedProxies, domains } = settings;
  const loaded = loadDomains(domains);
  if (!loaded.ok || !isLoopback(host)) return [];
  const says = `takes no documents: the edge listens on ${host}, so that all come through a proxy on its machine, and webex.from names other addresses; have the proxy set X-Forwarded-For, and then name it in trustedProxies`;
  return Array.from(loaded.value.values()).flatMap(({ name, settings: { webex } }): Finding[] => {
    const isOpen = webex.from.length === 0 || namesThisMachine([...trustedProxies, ...webex.from]);
    return isOpen ? [] : [{ about: `domain ${name}`, ...warn(says) }];
  });
}

function namesThisMachine(networks: readonly string[]): boolean {
  const all = new Networks(networks);
  return (
    ["127.0.0.1", "::1"].some((own) => all.has(own)) || networks.some((one) => isLoopback(one.replace(/\/.*/, "")))
  );
}

/** Returns a warning for each webhook secret that these variables lack. */
export function missingSecretsOf(domains: string, variables: NodeJS.ProcessEnv): Finding[] {
  const loaded = loadDomains(domains);
  if (!loaded.ok) return [];
  return secretsOf(loaded.value)
    .filter(({ secret }) => secretIn(variables, secret) === undefined)
    .map(({ domain, secret }) => ({
      about: `domain ${domain}`,
      ...warn(
        `signs webhooks with the variable ${secret}, which is not set; webhooks wait until it is (docs/webhooks.md)`,
      ),
    }));
}

function summary({ bridges, adapterSecrets, webex }: DomainSettings): string {
  const agents = bridges.flatMap((bridge) => bridge.agents.map(({ name }) => `${bridge.name}/${name}`));
  const secrets = ["without a secret", "with a secret", "with two secrets"][adapterSecrets.length];
  return `agents ${agents.join(", ")}; posts to ${webex.hosts.join(", ")}; adapter URL ${secrets}`;
}

function checkFolder(folder: string): CheckResult {
  requireWritable(folder, "state");
  const file = stateFile(folder);
  if (!existsSync(folder)) return right(`${folder} is made at the first start`);
  if (!existsSync(file)) return right(`${folder} has no state: the edge begins without a conference`);
  return secretFile(file, `${file}: ${stateText(file)}`);
}

function checkToken(file: string, state: string): CheckResult {
  if (!existsSync(file)) {
    if (dirname(file) !== state) requireWritable(dirname(file), "operatorTokenFile");
    return right(`${file} is made at the first start`);
  }
  requireStrongToken(readOperatorToken(file), file);
  return secretFile(file);
}
