import { aboutRoutes } from "./about.ts";
import { activityRoutes } from "./activity.ts";
import { agentRoutes } from "./agents.ts";
import { auditRoutes } from "./audit.ts";
import { bridgeRoutes } from "./bridges.ts";
import { actionRoutes } from "./conferences/actions.ts";
import { conferenceDataRoutes } from "./conferences/conference-data.ts";
import { conferenceRoutes } from "./conferences/conferences.ts";
import { explainRoutes } from "./conferences/explain.ts";
import { givenUpRoutes } from "./conferences/given-up-posts.ts";
import { runningRoutes } from "./conferences/running.ts";
import { domainRoutes } from "./domains.ts";
import { peopleRoutes } from "./people.ts";
import { recordUpkeepRoutes } from "./records/record-upkeep.ts";
import { recordRoutes } from "./records/records.ts";
import type { Route } from "./route.ts";
import { webexSiteRoutes } from "./webex-site.ts";
import { webhookRoutes } from "./webhooks.ts";

/** Everything under `/api/v1`. A further resource is one more file and one more line here. */
export const apiRoutes: readonly Route[] = [
  ...domainRoutes,
  ...activityRoutes,
  ...givenUpRoutes,
  ...agentRoutes,
  ...bridgeRoutes,
  ...runningRoutes,
  ...conferenceRoutes,
  ...explainRoutes,
  ...actionRoutes,
  ...conferenceDataRoutes,
  ...recordRoutes,
  ...recordUpkeepRoutes,
  ...webexSiteRoutes,
  ...webhookRoutes,
  ...peopleRoutes,
  ...auditRoutes,
  ...aboutRoutes(() => apiRoutes),
];
