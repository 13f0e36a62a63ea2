/** Values that name the edge; `edge` is the option `--edge`. */
export interface EdgeVariables {
  readonly edge?: string | undefined;
  readonly BRIDGEHEAD_URL?: string | undefined;
  readonly ADAPTER_URL?: string | undefined;
  readonly PORT?: string | undefined;
}

/** Returns the edge's URL without a final slash, and the variable that names it; `null` if none does. A string is an error. */
export function edgeUrlOf(given: EdgeVariables): { readonly url: string; readonly from: string } | string | null {
  for (const [from, text] of [
    ["--edge", given.edge],
    ["BRIDGEHEAD_URL", given.BRIDGEHEAD_URL],
    ["ADAPTER_URL", given.ADAPTER_URL],
  ] as const) {
    if (!text) continue;
    const url = text.replace(/\/+$/, "");
    if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url))
      return `${from} is "${url}"; it must be an address such as http://127.0.0.1:8787${from === "ADAPTER_URL" ? "/tsp/local" : ""}`;
    return { url: from === "ADAPTER_URL" ? new URL(url).origin : url, from };
  }
  const { PORT } = given;
  if (!PORT) return null;
  if (!/^\d+$/.test(PORT) || Number(PORT) < 1 || Number(PORT) > 65_535)
    return `PORT is "${PORT}"; it must be a port from 1 to 65535, for example 8787`;
  return { url: `http://127.0.0.1:${PORT}`, from: "PORT" };
}
