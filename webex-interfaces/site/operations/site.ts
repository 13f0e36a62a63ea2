import { type Call, isAsked, page } from "../call.ts";
import { Refusal } from "../refusals.ts";
import type { Tree } from "../schema.ts";
import { timeZones } from "../site.ts";
import { readTime, type TimeZone } from "../times.ts";
import { group, list, merge } from "../trees.ts";
import { changesAccounts, inSchema, readsOwn, readsPublic, type Service } from "./operation.ts";

interface MeetingTypeRow {
  readonly type_id: number;
  readonly code: string;
  readonly name: string;
  readonly services: string;
  readonly settings: string;
}
interface QueueRow {
  readonly name: string;
  readonly role: string;
  readonly agents: string;
  readonly changed_at: number;
}

export const site: Service = {
  binding: "site",
  prefix: "site",
  operations: {
    getSite: inSchema(readsPublic, (call) => ({ siteInstance: siteTree(call) })),
    setSite: inSchema(changesAccounts, (call) => {
      const meetingPlace = group(call.request, "meetingPlace");
      const settings = JSON.stringify(merge(call.site.settings, { meetingPlace }));
      call.site.update("sites", { settings }, "site_id = ?", call.site.row.site_id);
      return {};
    }),
    lstTimeZone: inSchema(readsPublic, (call) => {
      const ids = list(call.request, "timeZoneID").map(Number);
      if (call.request.date !== undefined) readTime(String(call.request.date), call.site.zone(undefined));
      const found = timeZones.filter(({ id }) => ids.length === 0 || ids.includes(id));
      if (found.length === 0) throw new Refusal("noRecord");
      return { timeZone: found.map(zoneTree) };
    }),
    getWebACDQueues: inSchema(
      readsOwn,
      (call) => {
        const { webExId, type } = call.request;
        const found = call.site
          .all<QueueRow>("SELECT * FROM queues ORDER BY name")
          .filter((row) => type === undefined || type === "ALL" || type === row.role)
          .filter((row) => call.hasSite || (JSON.parse(row.agents) as string[]).includes(call.user.web_ex_id))
          .filter(
            (row) =>
              webExId === undefined || (JSON.parse(row.agents) as string[]).some((agent) => isAsked(webExId, agent)),
          );
        return page(call.request, found, "queue", (row) => ({
          name: row.name,
          numUsers: (JSON.parse(row.agents) as string[]).length,
          modDate: call.site.time(row.changed_at, call.site.row.time_zone),
          type: row.role,
        }));
      },
      "GetWebACDQueues",
    ),
  },
};

export const meetingTypes: Service = {
  binding: "meetingtype",
  prefix: "mtgtype",
  operations: {
    lstMeetingType: inSchema(readsPublic, (call) => {
      const ids = list(call.request, "meetingTypeID").map(Number);
      const found = typesOf(call).filter(({ type_id }) => ids.length === 0 || ids.includes(type_id));
      return page(call.request, found, "meetingType", typeTree);
    }),
    getMeetingType: inSchema(readsPublic, (call) => {
      const found = typesOf(call).find(({ type_id }) => type_id === call.request.meetingTypeID);
      if (!found) throw new Refusal("noRecord");
      return typeTree(found);
    }),
  },
};

function siteTree(call: Call): Tree {
  const { row, settings } = call.site;
  const users = call.site.one<{ count: number }>("SELECT count(*) AS count FROM users WHERE active = 'ACTIVATED'");
  const host = new URL(call.site.address).hostname;
  const { eventCenter, ...shown } = settings as { eventCenter?: Tree };
  const wantsEvents = group(call.request, "returnSettings").eventCenter === true;
  return {
    ...shown,
    ...(wantsEvents && eventCenter && { eventCenter }),
    metaData: {
      ...group(settings, "metaData"),
      serviceType: [...new Set(typesOf(call).flatMap((type) => JSON.parse(type.services) as string[]))],
      meetingTypes: typesOf(call).map(({ type_id, name }) => ({ meetingTypeID: type_id, meetingTypeName: name })),
      siteName: row.name,
      timeZoneID: row.time_zone,
      timeZone: call.site.zone(row.time_zone).name,
      parterID: row.partner_id, // As the schema spells it.
      webDomain: host,
      meetingDomain: host,
      telephonyDomain: host,
      activeUserCount: users?.count ?? 0,
    },
  };
}

function zoneTree({ id, offset, name }: TimeZone): Tree {
  return {
    timeZoneID: id,
    gmtOffset: offset,
    description: name,
    shortName: name.slice(11),
    hideTimeZoneName: false,
    fallInDST: false,
  };
}

function typesOf(call: Call): MeetingTypeRow[] {
  return call.site.all<MeetingTypeRow>("SELECT * FROM meeting_types ORDER BY type_id");
}

function typeTree({ type_id, code, name, services, settings }: MeetingTypeRow): Tree {
  return {
    productCodePrefix: code,
    active: "ACTIVATED",
    name,
    displayName: name,
    ...(JSON.parse(settings) as Tree),
    meetingTypeID: type_id,
    serviceTypes: { serviceType: JSON.parse(services) as string[] },
  };
}
