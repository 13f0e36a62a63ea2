import { domainActivity } from "../../rpc/directory.ts";
import { route } from "./route.ts";

export const activityRoutes = [
  route({
    method: "GET",
    path: "/domains/{domain}/activity",
    id: "getActivity",
    tag: "Domains",
    says: "What came from WebEx and was posted to it in the last hour, by minute, posts by TSP server, and what waits",
    more: "For plots: what had not been told when its process ended is missing, and a minute is whole once something came or was posted in a later one. `/metrics` counts exactly.",
    answer: {
      says: "Minutes and servers.",
      schema: domainActivity,
    },
    handle({ domain: { name }, edge: { objects } }) {
      return objects.directory(name).activity();
    },
  }),
];
