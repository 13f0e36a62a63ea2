import * as v from "valibot";
import type { ConfKey } from "../../foundation/ids.ts";
import { BACK_END } from "../../foundation/text/bare-host.ts";
import { inPortions } from "../../foundation/time/in-portions.ts";
import { answerOrNull } from "../objects-of-request.ts";
import { routeOf } from "./route.ts";

const route = routeOf("Domains");

export const serverRoutes = [
  route("resyncServer", "POST /domains/{domain}/servers/resync", {
    says: "Probes a TSP server at once from every conference that could not reach it",
    more: "Unreachable servers are probed every five minutes at most anyway. A server that answers gets all pending notifications, each once, as things are then.",
    body: v.strictObject({
      server: v.pipe(
        v.string(),
        v.nonEmpty("must not be empty"),
        v.maxLength(300, "must have at most 300 characters"),
        v.check((text) => text !== BACK_END, "must be a TSP server: client data is not resent to the back end"),
        v.description("The TSP server, with or without its scheme."),
      ),
    }),
    answer: {
      says: "The conferences have been asked. What waits for the server drops once it answers.",
      schema: v.object({
        server: v.string(),
        conferences: v.pipe(v.number(), v.description("Conferences with documents for the server; all were asked.")),
        unanswered: v.pipe(v.array(v.string()), v.description("Conferences that did not answer. Ask again for them.")),
      }),
    },
    about: ({ body: { server } }) => ({ server }),
    async handle({ domain: { name }, edge, signedIn: { person }, body: { server } }) {
      const keys = await edge.objects.directory(name).waitingFor(server);
      const ask = async (conference: ConfKey) => {
        const resynced = edge.objects.conference(name, conference).resync(server, person.name);
        const answer = Promise.resolve(resynced).then(() => true);
        return (await answerOrNull(answer, edge, { domain: name, conference })) ? [] : [conference];
      };
      const unasked = [...keys];
      const asked: Promise<readonly ConfKey[]>[] = [];
      await inPortions(edge, {
        hasMore: () => unasked.length > 0,
        take: (most) =>
          unasked.splice(0, most).map((conference) => () => {
            const answered = ask(conference);
            asked.push(answered);
            return answered;
          }),
      });
      const unanswered = (await Promise.all(asked)).flat().sort();
      return { server, conferences: keys.length, unanswered };
    },
  }),
];
