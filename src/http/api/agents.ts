import * as v from "valibot";
import type { BridgeName } from "../../foundation/ids.ts";
import { time } from "../../foundation/schemas.ts";
import { agentView } from "../../rpc/relay.ts";
import type { EdgeEvent } from "../monitoring/monitoring.ts";
import { failureOf } from "../objects-of-request.ts";
import { next, pageOf, wholeList } from "./paging.ts";
import { route } from "./route.ts";

export const agentRoutes = [
  route({
    method: "GET",
    path: "/domains/{domain}/agents",
    id: "listAgents",
    tag: "Bridges and agents",
    says: "The connected agents of each bridge, whether it is drained, and what it carries",
    query: wholeList,
    answer: {
      says: "Bridges in the order of the settings. `agents` is null for a bridge whose relay does not answer.",
      schema: v.object({
        bridges: v.array(
          v.object({
            bridge: v.string(),
            drainedSince: v.pipe(v.nullable(time), v.description("null: it takes new conferences, or nobody knows.")),
            load: v.pipe(
              v.nullable(v.object({ conferences: v.number(), callers: v.number() })),
              v.description(
                "Conferences that are being created or run there, and those who are in them; null: nobody knows.",
              ),
            ),
            agents: v.nullable(v.array(agentView)),
          }),
        ),
        next,
      }),
    },
    async handle({ domain: { name, settings }, edge: { objects, log }, query }) {
      const { page, next } = pageOf(settings.bridges, query);
      const orNull = <Value>(event: EdgeEvent, asked: Promise<Value>, about = {}) =>
        asked.catch((error: unknown) => {
          const { object, error: why } = failureOf(error);
          log(event, { domain: name, ...about, object, error: why }, "error");
          return null;
        });
      const list = orNull("view-failed", objects.directory(name).running({ domain: name, after: null, limit: 0 }));
      const bridges = page.map(async ({ name: bridge }) => {
        const [agents, health, running] = await Promise.all([
          orNull("relay-unreachable", objects.relay(name, bridge as BridgeName).agents(), { bridge }),
          objects
            .relay(name, bridge as BridgeName)
            .health()
            .catch(() => null),
          list,
        ]);
        const { conferences = 0, callers = 0 } = running?.bridges.find((load) => load.bridge === bridge) ?? {};
        const load = running && { conferences, callers };
        return { bridge, drainedSince: health?.drainedSince ?? null, load, agents };
      });
      return { bridges: await Promise.all(bridges), next };
    },
  }),
];
