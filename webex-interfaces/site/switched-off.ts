import { Refusal } from "./refusals.ts";
import type { Tree } from "./schema.ts";
import type { Site } from "./site.ts";
import type { SessionRow, UserRow } from "./tables.ts";
import { at, merge } from "./trees.ts";

/** Of a site without classic events (API 41.12); and getSessionInfo of an event. */
const ofEvents =
  "createEvent setEvent getEvent lstsummaryEvent lstrecordedEvent lstsummaryProgram uploadEventImage".split(" ");
/** Of a suspended site (API 42.5 and 42.6): no session is scheduled or edited, no account by an administrator. */
const whileSuspended =
  "createMeeting setMeeting createEvent setEvent createTrainingSession setTrainingSession createSupportSession createUser".split(
    " ",
  );

export function mustBeServed(site: Site, user: UserRow | null, operation: string, request: Tree): void {
  const { settings } = site;
  const hasEvents = at(settings, "supportedServices", "eventCenter", "enabled") !== false;
  if (!hasEvents && (ofEvents.includes(operation) || (operation === "getSessionInfo" && isEvent(site, request))))
    throw new Refusal("eventsOff");
  const isSuspended = at(settings, "metaData", "activateStatus") === false;
  const isOfAdministrator = operation === "setUser" && user?.role === "admin";
  if (isSuspended && (whileSuspended.includes(operation) || isOfAdministrator)) throw new Refusal("suspended");
}

interface Switches {
  readonly classicEvents?: boolean | undefined;
  readonly suspended?: boolean | undefined;
}

export function switchSite(site: Site, { classicEvents, suspended }: Switches): void {
  const changes = {
    ...(classicEvents !== undefined && { supportedServices: { eventCenter: { enabled: classicEvents } } }),
    ...(suspended !== undefined && { metaData: { activateStatus: !suspended } }),
  };
  site.run("UPDATE sites SET settings = ?", JSON.stringify(merge(site.settings, changes)));
}

function isEvent(site: Site, { sessionKey }: Tree): boolean {
  const session = site.one<SessionRow>("SELECT * FROM sessions WHERE session_key = ?", Number(sessionKey));
  return session?.service === "EC";
}
