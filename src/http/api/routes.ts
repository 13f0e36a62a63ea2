import { edgeRoutes } from "../pair/edge-routes.ts";
import { aboutRoutes } from "./about.ts";
import { bridgeRoutes } from "./bridges.ts";
import { actionRoutes } from "./conferences/actions.ts";
import { conferenceRoutes, runningRoutes } from "./conferences/conferences.ts";
import { explainRoutes } from "./conferences/explain.ts";
import { domainRoutes } from "./domains.ts";
import { findRoutes } from "./find.ts";
import { peopleRoutes } from "./people.ts";
import { promptCallRoutes } from "./prompt-calls.ts";
import { recordRoutes, recordUpkeepRoutes } from "./records.ts";
import type { Route } from "./route.ts";
import { serverRoutes } from "./servers.ts";
import { troubleRoutes } from "./trouble.ts";

const routes = [
  ...edgeRoutes,
  ...domainRoutes,
  ...findRoutes,
  ...troubleRoutes,
  ...serverRoutes,
  ...promptCallRoutes,
  ...bridgeRoutes,
  ...runningRoutes,
  ...conferenceRoutes,
  ...explainRoutes,
  ...actionRoutes,
  ...recordRoutes,
  ...recordUpkeepRoutes,
  ...peopleRoutes,
];

/** What programs that ask the API must know of it, as types. */
export type Signatures = (typeof routes)[number];

/** Everything under `/api/v1`. A further resource is one more file and one more line here. */
export const apiRoutes: readonly Route[] = [...routes, ...aboutRoutes(() => apiRoutes)];
