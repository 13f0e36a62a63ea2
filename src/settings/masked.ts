import { isRecord } from "../foundation/record.ts";
import { masked } from "../foundation/shown.ts";

/** Whoever knows them could post as WebEx, ask the site, or enter a client's connection. Names of secrets are none. */
const secrets: ReadonlySet<string> = new Set(["adapterSecrets", "partnerId", "connectData"]);

/** Settings as people may see them: of a secret its last two characters, and of an address neither password nor query. */
export function maskedSettings(value: unknown, isSecret = false): unknown {
  if (Array.isArray(value)) return value.map((item) => maskedSettings(item, isSecret));
  if (isRecord(value)) {
    const shown = Object.entries(value).map(([name, part]) => [
      name,
      maskedSettings(part, isSecret || secrets.has(name)),
    ]);
    return Object.fromEntries(shown);
  }
  if (typeof value !== "string") return value;
  return isSecret ? masked(value) : maskedAddress(value);
}

function maskedAddress(text: string): string {
  const url = /^https?:/i.test(text) ? URL.parse(text) : null;
  if (!url || (url.username === "" && url.password === "" && url.search === "")) return text;
  url.username = "";
  url.password = "";
  return `${url.origin}${url.pathname}${url.search && "?…"}`;
}
