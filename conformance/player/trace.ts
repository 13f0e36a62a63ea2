type Party = "WebEx 1" | "WebEx 2" | "WebEx 3" | "adapter" | "telephones";

/** A document on the wire, or an event at a telephone. */
export interface TraceEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly from: Party;
  readonly to: Party;
  readonly title: string;
  /** The document as it was on the wire; empty for telephones. */
  readonly body: string;
}

export function server(n: number): Party {
  return n === 1 ? "WebEx 1" : n === 2 ? "WebEx 2" : "WebEx 3";
}

/** Names and attributes of the messages of a document. */
export function titleOf(
  messages: readonly { readonly name: string; readonly attributes: Readonly<Record<string, string | undefined>> }[],
): string {
  return messages.map(({ name, attributes }) => [name, ...shown(attributes)].join(" ")).join(" + ");
}

function shown(attributes: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(attributes)
    .filter(([name, value]) => value !== undefined && name !== "WbxHostName")
    .map(([name, value]) => `${name}=${(value ?? "").length > 40 ? `${value?.slice(0, 40)}…` : value}`);
}
