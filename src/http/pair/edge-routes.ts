import * as v from "valibot";
import { time } from "../../foundation/schemas.ts";
import { reasonOf } from "../../foundation/text/reason.ts";
import { actsSinceWhy, nextToAct, pairTrouble } from "../../operators/edge-pair.ts";
import { routeOf } from "../api/route.ts";
import { problem } from "../problem.ts";

const route = routeOf("Edges");

/** An edge that stands by says something each second: one that is silent for longer may be dead. */
const handOverWithinMs = 2_500;

const edge = v.object({
  name: v.string(),
  url: v.pipe(v.string(), v.description("Where people find it.")),
  version: v.string(),
  acts: v.boolean(),
  silentMs: v.pipe(v.number(), v.description("How long ago it said something last.")),
  behind: v.pipe(v.number(), v.description("Rows of the log that it has not seen; 0: none.")),
  fault: v.pipe(v.nullable(v.string()), v.description("What is wrong with it; null: it could act now, or it acts.")),
});

export const edgeRoutes = [
  route("showEdges", "GET /edges", {
    says: "Who acts, since when and why, and whether the other edge could act now; an edge that stands by answers this, too",
    answer: {
      says: "`acting` is null where nobody has acted yet; `edges` is empty where the edge shares its state with no other one.",
      schema: v.object({
        role: v.picklist(["active", "standby"]),
        acting: v.nullable(
          v.object({ name: v.string(), since: time, why: v.picklist(actsSinceWhy), epoch: v.number() }),
        ),
        edges: v.array(edge),
      }),
    },
    async handle({ edge: { pair } }) {
      if (!pair) return { role: "active" as const, acting: null, edges: [] };
      try {
        const { acting, edges } = await pair.view();
        return { role: pair.acts ? ("active" as const) : ("standby" as const), acting, edges };
      } catch (error) {
        return problem(503, "failed for now", `Who acts is not known: ${reasonOf(error)}.`);
      }
    },
  }),
  route("handOverEdge", "POST /edges/hand-over", {
    says: "Has the other edge act in this one's place, as before an upgrade; calls stay up, and agents connect to the other one",
    allDomains: true,
    answer: { says: "The other edge acts within a second.", schema: v.object({ to: v.string() }), status: 202 },
    refusals: { 409: "No other edge stands by that could act now; nothing was done." },
    async handle({ edge: { pair, now, log }, signedIn: { person } }) {
      if (!pair) return problem(409, "refused", "This edge shares its state with no other one.");
      const view = await pair.view();
      const [fault] = pairTrouble(view, now());
      const to = nextToAct(view);
      if (fault || !to) return problem(409, "refused", `Not handed over: ${fault?.why ?? "no other edge stands by"}.`);
      if (to.silentMs >= handOverWithinMs)
        return problem(409, "refused", `Not handed over: ${to.name} has said nothing for ${to.silentMs} ms.`);
      try {
        log("edge-hands-over", { to: to.name, by: person.name });
        await pair.handOver();
      } catch (error) {
        return problem(409, "refused", `The edge could not hand over: ${reasonOf(error)}.`);
      }
      return { to: to.name };
    },
  }),
];
