import { aboutRoutes } from "./about.ts";
import { actionRoutes } from "./actions.ts";
import { activityRoutes } from "./activity.ts";
import { agentRoutes } from "./agents.ts";
import { auditRoutes } from "./audit.ts";
import { bridgeRoutes } from "./bridges.ts";
import { conferenceDataRoutes } from "./conference-data.ts";
import { conferenceRoutes } from "./conferences.ts";
import { domainRoutes } from "./domains.ts";
import { explainRoutes } from "./explain.ts";
import { givenUpRoutes } from "./given-up-posts.ts";
import { peopleRoutes } from "./people.ts";
import { recordUpkeepRoutes } from "./record-upkeep.ts";
import { recordRoutes } from "./records.ts";
import type { Route } from "./route.ts";
import { runningRoutes } from "./running.ts";
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
