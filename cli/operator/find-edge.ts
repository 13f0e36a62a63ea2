import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type EdgeVariables, edgeUrlOf } from "../../src/foundation/edge-url.ts";
import { isLoopback } from "../../src/foundation/loopback.ts";
import { utf8Text } from "../../src/foundation/text/utf8.ts";
import { loadEdgeSettings, readCommentedJson, settingsFile, urlHere } from "../edge/edge-settings.ts";
import { sendable } from "../edge/edge-state.ts";
import { StartError } from "../edge/program.ts";
import { readReason } from "../system-reason.ts";

/** Which edge is asked, and by which token; each with the words for where it comes from. */
export interface EdgeAddress {
  readonly url: string;
  readonly urlFrom: string;
  readonly token: string;
  readonly tokenFrom: string;
  /** Of a local run of two edges, the second one. */
  readonly second?: string;
}

/** Where an edge is looked for that no variable names. */
interface EdgePlaces {
  /** State of a local run, which counts only where it is `uid`'s own: anybody may have put one into the current folder. */
  readonly folder: string;
  readonly settings: string;
  readonly uid: number | undefined;
}

const activeWithinMs = 1_000;
const usualPlaces: EdgePlaces = { folder: ".bridgehead", settings: settingsFile, uid: process.getuid?.() };

/** Finds the edge by `--edge` or a variable, then by a local run, then by the settings file. Throws a `StartError`. */
export function findEdge(variables: NodeJS.ProcessEnv & EdgeVariables, places: EdgePlaces = usualPlaces): EdgeAddress {
  const { OPERATOR_TOKEN: givenToken } = variables;
  const named = edgeUrlOf(variables);
  if (typeof named === "string") throw new StartError(named);
  const address = named ? { url: named.url, urlFrom: named.from } : placeOf(variables, places).address();
  const { url, urlFrom, second = url } = address;
  const far = [url, second].find((one) => !isLoopback(new URL(one).hostname));
  if (givenToken && !named && far !== undefined) {
    throw new StartError(
      `OPERATOR_TOKEN is not sent to ${far}, which only ${urlFrom} names; set BRIDGEHEAD_URL as well`,
    );
  }
  const tokenFrom = givenToken ? "OPERATOR_TOKEN" : placeOf(variables, places).tokenFile();
  const isLocalToken = tokenFrom === localTokenFile(variables.BRIDGEHEAD_STATE || places.folder);
  if (!givenToken && far !== undefined && (isLocalToken || named?.from === "ADAPTER_URL"))
    throw new StartError(`the token in ${tokenFrom} is not sent to ${far}, which ${urlFrom} names; set OPERATOR_TOKEN`);
  const token = givenToken || tokenIn(tokenFrom);
  if (!sendable.test(token))
    throw new StartError(`the operator's token of ${tokenFrom} holds what no request could send`);
  return { ...address, token, tokenFrom };
}

/** Of two edges the one that acts; the first one where neither does. */
export async function findActing(address: EdgeAddress): Promise<EdgeAddress> {
  const { url, second } = address;
  if (second === undefined || (await acts(url)) || !(await acts(second))) return address;
  return { ...address, url: second };
}

export function acts(url: string): Promise<boolean> {
  return fetch(`${url}/active`, { signal: AbortSignal.timeout(activeWithinMs) })
    .then(async ({ ok, body }) => {
      await body?.cancel(); // Unread, it would keep its connection.
      return ok;
    })
    .catch(() => false);
}

/** Where an edge was found. Of what it has, only what is asked for is read. */
interface Place {
  address(): Pick<EdgeAddress, "url" | "urlFrom" | "second">;
  tokenFile(): string;
}

function placeOf({ BRIDGEHEAD_STATE }: NodeJS.ProcessEnv, { folder: usual, settings, uid }: EdgePlaces): Place {
  const folder = BRIDGEHEAD_STATE || usual;
  const run = join(folder, "agent.json");
  const ownToken = localTokenFile(folder);
  const isRun = existsSync(run);
  if (isRun && (BRIDGEHEAD_STATE || statSync(folder).uid === uid))
    return { address: () => ({ ...urlsOfRun(run), urlFrom: run }), tokenFile: () => ownToken };
  if (existsSync(settings)) return placeOfSettings(settings);
  if (isRun)
    throw new StartError(
      `the local run in ${folder} belongs to another user; set BRIDGEHEAD_STATE=${folder} if it is meant, or BRIDGEHEAD_URL and OPERATOR_TOKEN`,
    );
  return {
    address: () => ({
      url: "http://127.0.0.1:8787",
      urlFrom: `the default, as there is neither ${run} nor ${settings}`,
    }),
    tokenFile() {
      if (existsSync(ownToken)) return ownToken;
      throw new StartError(
        `${noToken}, and there is neither a local run in ${folder} nor ${settings}, which names its file`,
      );
    },
  };
}

function localTokenFile(folder: string): string {
  return join(folder, "operator-token");
}

function urlsOfRun(file: string): Pick<EdgeAddress, "url" | "second"> {
  const read = readCommentedJson(file);
  const named = read.ok ? (read.value as { readonly edge?: unknown } | null)?.edge : undefined;
  const edges = [named].flat();
  const isUrl = (edge: unknown): edge is string => typeof edge === "string" && URL.canParse(edge);
  if (edges.length === 0 || !edges.every(isUrl)) throw new StartError(`${file} says no edge`);
  const [url = "", second] = edges.map((edge) => edge.replace(/^ws/, "http"));
  return { url, ...(second !== undefined && { second }) };
}

function placeOfSettings(file: string): Place {
  const loaded = loadEdgeSettings(file);
  if (!loaded.ok) throw new StartError(loaded.error);
  const { host, port, operatorTokenFile } = loaded.value;
  return { address: () => ({ url: urlHere(host, port), urlFrom: file }), tokenFile: () => operatorTokenFile };
}

const noToken = "there is no operator's token: OPERATOR_TOKEN is not set";

function tokenIn(file: string): string {
  try {
    return utf8Text(readFileSync(file)).trim();
  } catch (error) {
    throw new StartError(`${noToken}, and ${file} cannot be read (${readReason(error)})`);
  }
}
