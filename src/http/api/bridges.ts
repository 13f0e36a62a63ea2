import * as v from "valibot";
import type { BridgeName } from "../../foundation/ids.ts";
import { time } from "../../foundation/schemas.ts";
import { withAway } from "../../operators/figures.ts";
import { agentView, type HandOver } from "../../rpc/relay.ts";
import { answerOrNull } from "../objects-of-request.ts";
import { problem } from "../problem.ts";
import { shownLoad } from "./conferences/conferences.ts";
import { next, pageOf, wholeList } from "./paging.ts";
import { type ApiCall, routeOf } from "./route.ts";

const route = routeOf("Bridges and agents");

const path = "/domains/{domain}/bridges/{bridge}";
const drained = {
  says: "It is on disk.",
  schema: v.object({
    bridge: v.string(),
    drainedSince: v.pipe(v.nullable(time), v.description("null: it takes new conferences.")),
  }),
};
const load = v.omit(shownLoad, ["bridge"]);
const bridgeAgents = v.object({
  bridge: v.string(),
  drainedSince: v.pipe(v.nullable(time), v.description("null: it takes new conferences, or nobody knows.")),
  load: v.pipe(
    v.nullable(load),
    v.description("Conferences that are being created or run there, and those who are in them; null: nobody knows."),
  ),
  agents: v.nullable(v.array(agentView)),
  missing: v.pipe(
    v.exactOptional(v.array(v.string())),
    v.description("Agents that the settings name and that are not connected; absent: nobody knows."),
  ),
});

export const bridgeRoutes = [
  route("listAgents", "GET /domains/{domain}/agents", {
    says: "The connected agents of each bridge, whether it is drained, and what it carries",
    query: wholeList,
    answer: {
      says: "Bridges in the order of the settings. `agents` is null for a bridge whose relay does not answer.",
      schema: v.object({ bridges: v.array(bridgeAgents), next }),
    },
    async handle({ domain: { name: domain, settings }, edge, query }) {
      const { page, next } = pageOf(settings.bridges, query);
      const { directory, relay } = edge.objects;
      const list = answerOrNull(directory(domain).running({ domain, after: null, limit: 0 }), edge, { domain });
      const bridges = page.map(async ({ name, agents: expected }) => {
        const bridge = name as BridgeName;
        const [agents, health, running] = await Promise.all([
          answerOrNull(relay(domain, bridge).agents(), edge, { domain, bridge }, "relay-unreachable"),
          relay(domain, bridge)
            .health()
            .catch(() => null),
          list,
        ]);
        const found = running?.bridges.find((load) => load.bridge === bridge);
        const { bridge: _, ...known } = found
          ? withAway(found, [{ bridge, health }])
          : { bridge, conferences: 0, callers: 0 };
        const load = running && known;
        const connected = new Set(agents?.map(({ agent }) => agent));
        const missing = expected.flatMap(({ name }) => (connected.has(name) ? [] : name));
        return { bridge, drainedSince: health?.drainedSince ?? null, load, agents, ...(agents && { missing }) };
      });
      return { bridges: await Promise.all(bridges), next };
    },
  }),
  route("drain", `PUT ${path}/drain`, {
    says: "From now on the bridge takes no new conferences; those that it has go on",
    more: "New ones go to the domain's other bridges, or are refused where all are drained. It lasts until it is taken back. `GET …/agents` says how many conferences are left.",
    answer: drained,
    handle: (call) => drain(call, true),
  }),
  route("undrain", `DELETE ${path}/drain`, {
    says: "The bridge takes new conferences again",
    answer: drained,
    handle: (call) => drain(call, false),
  }),
  route("handOver", `POST ${path}/hand-over`, {
    says: "A standby acts from now on, in the place of the agent that acts",
    more: "Nothing is lost or done twice, and calls stay. The other agent connects anew and stands by. Where another agent acts already, nothing is done.",
    body: v.strictObject({
      from: v.pipe(
        v.string(),
        v.nonEmpty("must not be empty"),
        v.maxLength(256),
        v.description("The agent that is to act no longer."),
      ),
    }),
    answer: {
      says: "Who acts now.",
      schema: v.object({ bridge: v.string(), acts: v.pipe(v.string(), v.description("The name of the agent.")) }),
    },
    refusals: { 409: "No standby has the bridge, or nobody acts there; nothing was done." },
    about: ({ body: { from } }) => ({ from }),
    async handle({ domain: { name }, bridge, body: { from }, edge: { objects } }) {
      const result = await objects.relay(name, bridge).handOver(from);
      if (typeof result === "object") return { bridge, acts: result.acts };
      return problem(409, "refused", handOverRefusals[result], {}, { reason: result });
    },
  }),
];

async function drain({ domain: { name }, bridge, edge: { objects } }: ApiCall, drained: boolean) {
  return { bridge, drainedSince: await objects.relay(name, bridge).drain(name, bridge, drained) };
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
