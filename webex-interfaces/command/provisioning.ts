import {
  type AccessCode,
  type Difference,
  type Expected,
  sharedCodes,
  siteDifferences,
  siteReads,
  userFindings,
  userReads,
} from "../client/provisioning.ts";
import { listAll } from "../client/xml-api.ts";
import { isLoopback, isRecord, printable } from "../doors/foundation.ts";
import { parseCommentedJson } from "../doors/programs.ts";
import { operations } from "../tables/operations.ts";
import { type AccessOptions, findCredentials, findSite } from "./access.ts";
import { apiOf, say } from "./call.ts";
import { okOr, printJson, WebexError, type WebexPorts } from "./run.ts";

export interface ProvisioningOptions extends AccessOptions {
  /** The edge's settings file, or the file of domains. */
  readonly settings: string;
  readonly domain: string;
  readonly edgeUrl?: string;
  readonly number?: readonly string[];
  readonly json?: true;
}

/** Compares a domain's settings with its site, and prints the differences. Throws a WebexError. */
export async function checkProvisioning(options: ProvisioningOptions, ports: WebexPorts) {
  const expected = expectedOf(options, ports);
  const site = okOr(findSite(options, ports));
  const credentials = okOr(await findCredentials(site, options, ports, false));
  const api = apiOf(site, credentials, ports, true);
  const asked = await api.call("getSite", {}, siteReads);
  if (!asked.ok) throw new WebexError(say(asked.error, operations.getSite, credentials));
  const differences: Difference[] = [...siteDifferences(asked.value.value, expected)];
  const listed = await listAll(api, operations.lstsummaryUser, { active: "ACTIVATED" }, { reads: ["user.webExId"] });
  if (!listed.ok) throw new WebexError(say(listed.error, operations.lstsummaryUser, credentials));
  const codes: AccessCode[] = [];
  let users = 0;
  for (const item of listed.value.items) {
    const webExId = isRecord(item) ? item.webExId : undefined;
    if (typeof webExId !== "string") continue;
    const user = await api.call("getUser", { webExId }, userReads);
    // The user was deleted after it was listed.
    if (!user.ok && user.error.kind === "refused" && user.error.why === "not-found") continue;
    if (!user.ok) throw new WebexError(say(user.error, operations.getUser, credentials));
    const found = userFindings(user.value.value, expected);
    differences.push(...found.differences);
    codes.push(...found.codes);
    users += 1;
  }
  differences.push(...sharedCodes(codes));
  if (!listed.value.isComplete) ports.warn(`only the first ${listed.value.items.length} users were compared`);
  if (options.json) printJson({ users, differences }, ports);
  else for (const { about, says } of differences) ports.print(printable(`${about}: ${says}`));
  const summary = `compared the site and ${users} users: ${differences.length || "no"} differences`;
  if (differences.length > 0) ports.fail(summary);
  else if (!options.json) ports.print(summary);
}

/** Reads the domain's settings that concern its site. */
function expectedOf(
  { settings: file, domain, edgeUrl, number = [] }: ProvisioningOptions,
  ports: WebexPorts,
): Expected {
  const edge = edgeUrl === undefined ? undefined : URL.parse(edgeUrl);
  const isOpen = edge?.protocol !== "https:" && !isLoopback(edge?.hostname ?? "");
  if (edge === null || (edge && (isOpen || edge.pathname !== "/")))
    throw new WebexError(`--edge-url must be an address such as https://tsp.example.com (it is "${edgeUrl}")`);
  const odd = number.find((one) => !/^\+?\d{3,}$/.test(one));
  if (odd !== undefined) throw new WebexError(`--number must be digits, such as 14085550142 (it is "${odd}")`);
  let all: unknown;
  try {
    all = parseCommentedJson(ports.readFile(file));
  } catch (error) {
    if (error instanceof SyntaxError) throw new WebexError(`${file} is not JSON: ${error.message}`);
    throw error;
  }
  const domains = isRecord(all) && isRecord(all.domains) ? all.domains : all;
  const own = isRecord(domains) && Object.hasOwn(domains, domain) ? domains[domain] : undefined;
  if (!isRecord(own)) throw new WebexError(`${file} has no domain ${JSON.stringify(domain)}`);
  const webex = isRecord(own.webex) ? own.webex : {};
  const global = isRecord(own.globalNumbers) ? Object.values(own.globalNumbers).flat() : [];
  return {
    domain,
    edge: edgeUrl,
    adapterSecrets: texts(own.adapterSecrets),
    numbers: [...number, ...global.flatMap((one) => (isRecord(one) ? texts([one.number]) : []))],
    hosts: texts(webex.hosts),
    hasNumbersPage: own.globalNumbers !== undefined,
  };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
