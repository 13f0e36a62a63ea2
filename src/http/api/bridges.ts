import * as v from "valibot";
import type { BridgeName } from "../../foundation/ids.ts";
import { time } from "../../foundation/schemas.ts";
import type { HandOver } from "../../rpc/relay.ts";
import type { Domain } from "../../settings/load.ts";
import { problem } from "../problem.ts";
import { type Call, route } from "./route.ts";

const path = "/domains/{domain}/bridges/{bridge}";
const tag = "Bridges and agents";
const refusals = { 404: "There is no such domain that you see, or it has no such bridge." } as const;
const drained = {
  says: "It is on disk.",
  schema: v.object({
    bridge: v.string(),
    drainedSince: v.pipe(v.nullable(time), v.description("null: it takes new conferences.")),
  }),
};

export const bridgeRoutes = [
  route({
    method: "PUT",
    path: `${path}/drain`,
    id: "drainBridge",
    tag,
    says: "From now on the bridge takes no new conferences; those that it has go on",
    more: "New ones go to the domain's other bridges, or are refused where all are drained. It lasts until it is taken back. `GET …/agents` says how many conferences are left.",
    answer: drained,
    refusals,
    handle: (call) => drain(call, true),
  }),
  route({
    method: "DELETE",
    path: `${path}/drain`,
    id: "undrainBridge",
    tag,
    says: "The bridge takes new conferences again",
    answer: drained,
    refusals,
    handle: (call) => drain(call, false),
  }),
  route({
    method: "POST",
    path: `${path}/hand-over`,
    id: "handOver",
    tag,
    says: "A standby acts from now on, in the place of the agent that acts",
    more: "Nothing is lost or done twice, and calls stay. The other agent connects anew and stands by. Where another agent acts already, nothing is done.",
    body: v.strictObject({
      from: v.pipe(v.string(), v.maxLength(256), v.description("The agent that is to act no longer.")),
    }),
    answer: {
      says: "Who acts now.",
      schema: v.object({ bridge: v.string(), acts: v.pipe(v.string(), v.description("The name of the agent.")) }),
    },
    refusals: { ...refusals, 409: "No standby has the bridge, or nobody acts there; nothing was done." },
    about: ({ body: { from } }) => ({ from }),
    async handle({ domain, path, body: { from }, edge: { objects } }) {
      const bridge = bridgeIn(domain, path.bridge);
      if (bridge === null) return noBridge(domain, path.bridge);
      const result = await objects.relay(domain.name, bridge).handOver(from);
      if (isHandOverRefusal(result)) {
        return problem(409, "refused", handOverRefusals[result], {}, { reason: result });
      }
      return { bridge, acts: result.acts };
    },
  }),
];

async function drain({ domain, path, edge: { objects } }: Call, drained: boolean) {
  const bridge = bridgeIn(domain, path.bridge);
  if (bridge === null) return noBridge(domain, path.bridge);
  return { bridge, drainedSince: await objects.relay(domain.name, bridge).drain(domain.name, bridge, drained) };
}

/** `null`: the domain has no bridge of this name. A relay that never was would be made by the question. */
function bridgeIn({ settings }: Domain, name = ""): BridgeName | null {
  return settings.bridges.some((bridge) => bridge.name === name) ? (name as BridgeName) : null;
}

function noBridge({ name, settings }: Domain, bridge = ""): Response {
  const names = settings.bridges.map((known) => known.name).join(", ");
  return problem(404, "no such bridge", `The domain ${name} has no bridge ${bridge}; it has ${names}.`);
}

type HandOverRefusal = Exclude<HandOver, object>;

/** Why the agent that acts was left in its place, for people. */
export const handOverRefusals: Readonly<Record<HandOverRefusal, string>> = {
  "no-agent":
    "No agent acts on the bridge now, so none can hand over. After a restart of the edge, wait until the agents are connected again.",
  "no-standby": "No standby is connected that has the bridge. Start one, or see why its bridge does not answer it.",
};

export function isHandOverRefusal(result: unknown): result is HandOverRefusal {
  return typeof result === "string" && Object.hasOwn(handOverRefusals, result);
}
