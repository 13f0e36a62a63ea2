import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isLoopback } from "../../src/foundation/loopback.ts";
import type { EnvironmentVariables } from "../secrets.ts";
import { systemReason } from "../system-reason.ts";
import { type EdgeSettings, loadEdgeSettings, readCommentedJson, settingsFile } from "./edge-settings.ts";
import { sendable } from "./edge-state.ts";
import { StartError } from "./supervise.ts";
import { urlHere } from "./workerd.ts";

/** Which edge is asked, and by which token; each with the words for where it comes from. */
export interface EdgeAddress {
  readonly url: string;
  readonly urlFrom: string;
  readonly token: string;
  readonly tokenFrom: string;
}

/** Where an edge is looked for that no variable names. */
export interface EdgePlaces {
  /** State of a local run, which counts only where it is `uid`'s own: anybody may have put one into the current folder. */
  readonly folder: string;
  readonly settings: string;
  readonly uid: number | undefined;
}

const usualPlaces: EdgePlaces = { folder: ".bridgehead", settings: settingsFile, uid: process.getuid?.() };

/**
 * The edge of BRIDGEHEAD_URL and OPERATOR_TOKEN. What they leave out is that of the local run of BRIDGEHEAD_STATE, or else in this
 * folder, and else that of the settings file; nothing is read that they give. Throws a `StartError` that says what to set.
 */
export function findEdge(variables: EnvironmentVariables, places: EdgePlaces = usualPlaces): EdgeAddress {
  const { BRIDGEHEAD_URL: givenUrl, OPERATOR_TOKEN: givenToken } = variables;
  const { url, urlFrom } = givenUrl
    ? { url: rightUrl(givenUrl), urlFrom: "BRIDGEHEAD_URL" }
    : addressIn(placeOf(variables, places));
  if (givenToken && !givenUrl && !isLoopback(new URL(url).hostname)) {
    throw new StartError(
      `OPERATOR_TOKEN is not sent to ${url}, which only ${urlFrom} names; set BRIDGEHEAD_URL as well`,
    );
  }
  const { token, tokenFrom } = givenToken
    ? { token: givenToken, tokenFrom: "OPERATOR_TOKEN" }
    : tokenOf(placeOf(variables, places));
  if (!sendable.test(token))
    throw new StartError(`the operator's token of ${tokenFrom} holds what no request could send`);
  return { url, urlFrom, token, tokenFrom };
}

function rightUrl(given: string): string {
  const url = given.replace(/\/+$/, "");
  if (/^https?:\/\/[^/]/.test(url) && URL.canParse(url)) return url;
  throw new StartError(`BRIDGEHEAD_URL is "${url}"; it must be an address such as http://127.0.0.1:8787`);
}

type Place =
  | { readonly type: "local-run"; readonly folder: string }
  | { readonly type: "settings"; readonly file: string }
  | { readonly type: "none"; readonly folder: string; readonly settings: string };

function placeOf({ BRIDGEHEAD_STATE }: EnvironmentVariables, { folder: usual, settings, uid }: EdgePlaces): Place {
  const folder = BRIDGEHEAD_STATE || usual;
  const isRun = existsSync(join(folder, "agent.json"));
  const isOurs = Boolean(BRIDGEHEAD_STATE) || (isRun && statSync(folder).uid === uid);
  if (isRun && isOurs) return { type: "local-run", folder };
  if (existsSync(settings)) return { type: "settings", file: settings };
  if (!isRun) return { type: "none", folder, settings };
  throw new StartError(
    `the local run in ${folder} belongs to another user; set BRIDGEHEAD_STATE=${folder} if it is meant, or BRIDGEHEAD_URL and OPERATOR_TOKEN`,
  );
}

function addressIn(place: Place): Pick<EdgeAddress, "url" | "urlFrom"> {
  if (place.type === "local-run") {
    const local = join(place.folder, "agent.json");
    const read = readCommentedJson(local);
    const edge = read.ok ? (read.value as { readonly edge?: unknown } | null)?.edge : undefined;
    if (typeof edge !== "string" || !URL.canParse(edge)) throw new StartError(`${local} says no edge`);
    return { url: edge.replace(/^ws/, "http"), urlFrom: local };
  }
  if (place.type === "settings") {
    const { host, port } = settingsIn(place.file);
    return { url: urlHere(host, port), urlFrom: place.file };
  }
  const { folder, settings } = place;
  return {
    url: "http://127.0.0.1:8787",
    urlFrom: `by default, as there is neither ${join(folder, "agent.json")} nor ${settings}`,
  };
}

function tokenFileIn(place: Place): string {
  return place.type === "settings" ? settingsIn(place.file).operatorTokenFile : join(place.folder, "operator-token");
}

function tokenOf(place: Place): Pick<EdgeAddress, "token" | "tokenFrom"> {
  const file = tokenFileIn(place);
  if (place.type !== "none" || existsSync(file)) return tokenIn(file);
  const { folder, settings } = place;
  throw new StartError(
    `there is no operator's token: OPERATOR_TOKEN is not set, and there is neither a local run in ${folder} nor ${settings}, which names its file`,
  );
}

function settingsIn(file: string): EdgeSettings {
  const loaded = loadEdgeSettings(file);
  if (!loaded.ok) throw new StartError(loaded.error);
  return loaded.value;
}

function tokenIn(file: string): Pick<EdgeAddress, "token" | "tokenFrom"> {
  try {
    return { token: readFileSync(file, "utf8").trim(), tokenFrom: file };
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw new StartError(
      `there is no operator's token: OPERATOR_TOKEN is not set, and ${file} ${isMissing ? "is not there" : `cannot be read (${systemReason(error)})`}`,
    );
  }
}
