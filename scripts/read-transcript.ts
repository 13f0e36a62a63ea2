import { hasExtConfId, noExtConfId, type Remark, type Step, type Transcript } from "../src/transcripts/transcript.ts";

/** Throws where a line follows from nothing. */
export function parseTranscript(text: string): Transcript {
  const address = new FullAddress();
  const items: (Remark | { happens: string[]; follows: string[] })[] = [];
  for (const line of text.split("\n")) {
    const said = line.trim().replace(/(=-?\d+) \([a-z-]+\)/g, "$1");
    const latest = items.findLast((item) => typeof item !== "string");
    if (said === "" || said.startsWith("#")) items.push(line);
    else if (!line.startsWith(" ")) items.push({ happens: [said], follows: [] });
    else if (!latest) throw new Error(`"${said}" follows from nothing: put what happens at the margin above it`);
    else if (said.startsWith("+ ")) latest.happens.push(said.slice(2));
    else latest.follows.push(address.complete(said));
  }
  return items;
}

export function stepsOf(transcript: Transcript): readonly Step[] {
  return transcript.filter((item) => typeof item !== "string");
}

/** The first comment. */
export function titleOf(transcript: Transcript): string {
  const title = transcript.find((item) => typeof item === "string" && item.startsWith("#")) ?? "";
  return String(title).replace(/^#\s*/, "");
}

/** Where a post of the adapter goes, from what a file says of it. */
class FullAddress {
  #host = "tsp1";
  #extConfId = "1001";

  complete(line: string): string {
    const [, host = this.#host, message = ""] = /^A→W (?:(tsp\d+) )?(.*)$/.exec(line) ?? [];
    if (message === "") return line;
    const [said, named] = / ExtConfID=(\S+)/.exec(message) ?? [];
    this.#host = host;
    if (named) this.#extConfId = named;
    const extConfId = hasExtConfId(message) ? this.#extConfId : noExtConfId;
    return `A→W ${host} ${extConfId} ${said ? message.replace(said, "") : message}`;
  }
}
