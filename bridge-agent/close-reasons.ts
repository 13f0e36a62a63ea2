import { CLOSE_CODES, type CloseReason } from "../src/relay/messages.ts";

const sentences: Readonly<Record<CloseReason, string>> = {
  badMessage: "edge did not understand this agent: check that both run the same version of Bridgehead",
  wrongKey:
    "edge does not know this agent's key: put the line that `bridge-agent key` prints, and the agent's name, into the settings of this bridge at the edge",
  replayed:
    "edge got the answer to a challenge that it did not give here: look for what stands between agent and edge and repeats old messages",
  unknownDomain: "edge knows no such domain: check `domain` in the agent's settings against the edge's",
  unknownBridge: "edge knows no such bridge in this domain: check `bridge` in the agent's settings against the edge's",
  oldVersion: "edge speaks a newer protocol: install the agent of the edge's version",
  silent: "edge heard nothing from this agent for too long: look at the network between them",
  replaced:
    "another process connected under this agent's name: stop one of the two, or give each a name and a key of its own",
  clockSkew: "this machine's clock is too far off: set it, for example with NTP",
};

/** Why a connection to the edge ended, in one sentence that says what to do. `trouble`: what the socket itself said. */
export function explainClose(code: number, trouble: string): string {
  const reason = closeReason(code);
  if (reason) return sentences[reason];
  if (trouble.includes("401") || trouble.includes("404"))
    return `edge answers, but not as an edge does (${trouble}): check \`edge\` in the agent's settings`;
  if (trouble !== "")
    return `edge cannot be reached (${trouble}): check \`edge\` in the agent's settings and the network`;
  return `connection to the edge was lost (code ${code}); trying again`;
}

/** Whether only a person can change it, so that trying often is of no use. */
export function needsPerson(code: number): boolean {
  const reason = closeReason(code);
  return reason !== undefined && reason !== "silent";
}

function closeReason(code: number): CloseReason | undefined {
  return (Object.keys(CLOSE_CODES) as CloseReason[]).find((reason) => CLOSE_CODES[reason] === code);
}
